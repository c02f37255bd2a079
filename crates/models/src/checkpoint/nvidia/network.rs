//! EDM2's networks: configuration, encoder, weights and what the file says about where they come from.

use std::sync::Arc;

use super::{
    super::{
        numpy,
        pickle::Node,
        problem::{Found, Problem, shown},
        snapshot::{Provenance, Role, Snapshot},
        torch::{Names, Tensors},
    },
    Persistent,
    encoder::encoder,
    module_tensors,
};
use crate::{SourceFile, Weights, edm2::Config};

/// The network of a pickle whose root has an `ema` object.
pub(crate) fn network(
    root: Node<'_>,
    ema: Persistent<'_>,
    file: &Arc<SourceFile>,
    tensors: &mut Tensors<'_>,
    bytes: &[u8],
) -> Found<Snapshot> {
    if ema.class != "Precond" {
        return Err(Problem::new(format!(
            "network '{}' is not known; EDM2's is Precond",
            shown(ema.class)
        )));
    }
    let config = config(ema.state, bytes)?;
    let encoder = encoder(root.get("encoder"), config.channels, file, bytes)?;
    let mut names = Names::default();
    let node = root.get("ema").unwrap_or(root);
    module_tensors(node, "", 0, tensors, &mut names)?;
    let weights = Weights::new(file.path().display().to_string(), names.tensors());
    weights.check(&config.plan()?.tensors(&config))?;
    let mut provenance = Provenance::from_name(file.path());
    let dataset = |key| {
        let text = root.get("dataset_kwargs")?.get(key)?.text()?;
        Some(shown(text))
    };
    provenance.dataset_class = dataset("class_name");
    provenance.dataset_path = dataset("path");
    Ok(Snapshot {
        role: Role::Denoiser,
        config,
        encoder,
        weights,
        provenance,
    })
}

/// The configuration in the arguments the network was made with. One that is not known could mean another network, and is an
/// error.
fn config(state: Node<'_>, bytes: &[u8]) -> Found<Config> {
    let arguments = state.get("_init_kwargs");
    let arguments = arguments.and_then(Node::items);
    let arguments = arguments.ok_or_else(|| Problem::new("a network without _init_kwargs"))?;
    let unnamed = state.get("_init_args").and_then(Node::elements);
    if unnamed.is_some_and(|unnamed| unnamed.len() > 0) {
        return Err(Problem::new("a network made with arguments without names"));
    }
    let mut config = Config::default();
    let mut needed = vec!["img_resolution", "img_channels", "label_dim"];
    for (key, value) in arguments {
        let name = key.text().ok_or_else(|| key.refuse("an argument's name"))?;
        needed.retain(|missing| *missing != name);
        let argument = Argument { name, value, bytes };
        set(&mut config, &argument)?;
    }
    match needed.first() {
        None => Ok(config),
        Some(name) => Err(Problem::new(format!("a network without {name}"))),
    }
}

fn set(config: &mut Config, argument: &Argument<'_>) -> Found<()> {
    match argument.name {
        "img_resolution" => config.resolution = argument.size()?,
        "img_channels" => config.channels = argument.size()?,
        "label_dim" => config.labels = argument.size()?,
        "model_channels" => config.model_channels = argument.size()?,
        "channel_mult" => config.channel_multipliers = argument.sizes()?,
        "channel_mult_noise" => config.noise_multiplier = argument.unless_none(Argument::size)?,
        "channel_mult_emb" => config.embedding_multiplier = argument.unless_none(Argument::size)?,
        "num_blocks" => config.blocks = argument.size()?,
        "attn_resolutions" => config.attention_resolutions = argument.sizes()?,
        "channels_per_head" => config.head_channels = argument.size()?,
        "label_balance" => config.label_balance = argument.number()?,
        "concat_balance" => config.concat_balance = argument.number()?,
        "res_balance" => config.residual_balance = argument.number()?,
        "attn_balance" => config.attention_balance = argument.number()?,
        "clip_act" => config.clip = argument.unless_none(Argument::number)?,
        "dropout" => config.dropout = argument.number()?,
        "sigma_data" => config.sigma_data = argument.number()?,
        "logvar_channels" => config.uncertainty_channels = argument.size()?,
        // The type to compute in is the caller's choice.
        "use_fp16" => {}
        "resample_filter" if argument.sizes()? == [1, 1] => {}
        other => {
            return Err(Problem::new(format!(
                "the network was made with the argument '{}', or a value of it, that EDM2 does not have",
                shown(other)
            )));
        }
    }
    Ok(())
}

/// One argument by name.
struct Argument<'a> {
    name: &'a str,
    value: Node<'a>,
    bytes: &'a [u8],
}

impl Argument<'_> {
    fn refuse(&self, needed: &str) -> Problem {
        self.value.refuse(needed).at(self.name)
    }

    fn size(&self) -> Found<usize> {
        let size = self.value.size();
        size.ok_or_else(|| self.refuse("a whole number"))
    }

    fn sizes(&self) -> Found<Vec<usize>> {
        let sizes = self.value.sizes();
        sizes.ok_or_else(|| self.refuse("a list of whole numbers"))
    }

    fn number(&self) -> Found<f64> {
        let number = numpy::number(self.value, self.bytes);
        number.ok_or_else(|| self.refuse("a number"))
    }

    fn unless_none<T>(&self, read: fn(&Self) -> Found<T>) -> Found<Option<T>> {
        if self.value.is_none() {
            return Ok(None);
        }
        read(self).map(Some)
    }
}
