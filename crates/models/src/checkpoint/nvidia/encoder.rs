//! What stands between a network and pixels, as its pickle says.

use std::sync::Arc;

use super::{
    super::{
        numpy,
        pickle::Node,
        problem::{Found, Problem, shown},
    },
    Persistent,
};
use crate::{Encoder, SourceFile, Whitening};

/// The encoder of a network of `channels`. A file may leave it out: then pixels have three channels, and four are latents
/// whitened as published.
pub(super) fn encoder(
    node: Option<Node<'_>>,
    channels: usize,
    file: &Arc<SourceFile>,
    bytes: &[u8],
) -> Found<Encoder> {
    let Some(node) = node.filter(|node| !node.is_none()) else {
        return match channels {
            3 => Ok(Encoder::Rgb),
            4 => Ok(Encoder::Latent(Whitening::published())),
            other => Err(Problem::new(format!(
                "a network of {other} channels without an encoder; 3 are pixels and 4 latents"
            ))),
        };
    };
    let object = Persistent::new(node).ok_or_else(|| node.refuse("an encoder"))?;
    match object.class {
        "StandardRGBEncoder" => Ok(Encoder::Rgb),
        "StabilityVAEEncoder" => latent(object.state, channels, file, bytes).map(Encoder::Latent),
        other => Err(Problem::new(format!(
            "encoder '{}' is not known; known are StandardRGBEncoder and StabilityVAEEncoder",
            shown(other)
        ))),
    }
}

fn latent(
    state: Node<'_>,
    channels: usize,
    file: &Arc<SourceFile>,
    bytes: &[u8],
) -> Found<Whitening> {
    let numbers = |name: &str| -> Found<Vec<f32>> {
        let part = format!("encoder's {name}");
        let node = state.get(name);
        let node = node.ok_or_else(|| Problem::new(format!("an encoder without {name}")))?;
        let array = numpy::array(node, file, bytes).map_err(|problem| problem.at(&part))?;
        if array.shape() != [channels] {
            return Err(Problem::new(format!(
                "{part} has shape {:?} for {channels} channels",
                array.shape()
            )));
        }
        array
            .numbers()
            .map_err(|error| Problem::from(error).at(&part))
    };
    let (scale, bias) = (numbers("scale")?, numbers("bias")?);
    let sound = |number: &f32| number.is_finite();
    if !(scale.iter().all(sound) && bias.iter().all(sound)) || scale.contains(&0.0) {
        return Err(Problem::new(
            "encoder's scale and bias must be finite, and the scale not zero",
        ));
    }
    let published = "stabilityai/sd-vae-ft-mse";
    let autoencoder = state.get("vae_name").and_then(Node::text);
    Ok(Whitening {
        autoencoder: shown(autoencoder.unwrap_or(published)),
        scale,
        bias,
    })
}
