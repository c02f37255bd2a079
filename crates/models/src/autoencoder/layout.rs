//! The two layouts in which the autoencoder is published, and the one that Foil reads.
//!
//! Files of diffusers say `decoder.up_blocks.0.resnets.1.conv1.weight`. The original program of latent diffusion says
//! `decoder.up.3.block.1.conv1.weight` for the same tensor, counts the decoder's levels from the other end, and has the linear
//! layers of attention as 1×1 convolutions; its whole model lies in one file, the autoencoder under `first_stage_model.`. Older
//! files of diffusers have other names for the parts of attention, some with the shapes of convolutions.

use super::Config;
use crate::{Result, StoredTensor, Weights};

/// Where a file that holds a whole model has the autoencoder.
const PREFIX: &str = "first_stage_model.";
/// What the autoencoder's own training leaves in its files: the loss's networks, and averages under names without dots.
const TRAINING: [&str; 2] = ["loss.", "model_ema."];

/// The autoencoder's tensors by the names that diffusers gives them, in whichever published layout they come.
///
/// Names that neither layout has are kept, to be found unknown; what lies beside the autoencoder in a whole model's file and
/// what its training left are not.
pub(super) fn in_diffusers_layout(weights: &Weights, config: &Config) -> Result<Weights> {
    let whole_model = weights.iter().any(|(name, _)| name.starts_with(PREFIX));
    weights.translated(|name, tensor| {
        let name = if whole_model {
            name.strip_prefix(PREFIX)
        } else {
            Some(name)
        };
        let name = name.filter(|name| !TRAINING.iter().any(|prefix| name.starts_with(prefix)));
        let Some(name) = name else { return Ok(None) };
        let name = in_today_s_words(&from_original(name, config));
        Ok(Some((name.clone(), as_linear(&name, tensor)?)))
    })
}

/// A name of the original layout as diffusers has it; others are left as they are.
fn from_original(name: &str, config: &Config) -> String {
    let levels = config.channel_multipliers.len();
    let parts: Vec<&str> = name.split('.').collect();
    let blocks = |half: &str, kind: &str, level: usize, rest: &[&str]| {
        let name = format!("{half}.{kind}_blocks.{level}");
        match rest {
            ["block", block, rest @ ..] => {
                let rest = rest.join(".").replace("nin_shortcut", "conv_shortcut");
                format!("{name}.resnets.{block}.{rest}")
            }
            ["downsample" | "upsample", rest @ ..] => {
                format!("{name}.{kind}samplers.0.{}", rest.join("."))
            }
            rest => format!("{name}.{}", rest.join(".")),
        }
    };
    let level = |text: &str| text.parse::<usize>().ok().filter(|&level| level < levels);
    match parts.as_slice() {
        [half, "down", index, rest @ ..] => match level(index) {
            Some(level) => blocks(half, "down", level, rest),
            None => name.to_owned(),
        },
        [half, "up", index, rest @ ..] => match level(index) {
            Some(level) => blocks(half, "up", levels - 1 - level, rest),
            None => name.to_owned(),
        },
        [half, "mid", part, rest @ ..] => match *part {
            "block_1" => format!("{half}.mid_block.resnets.0.{}", rest.join(".")),
            "block_2" => format!("{half}.mid_block.resnets.1.{}", rest.join(".")),
            "attn_1" => {
                let rest = rest.join(".").replace("norm.", "group_norm.");
                format!("{half}.mid_block.attentions.0.{rest}")
            }
            _ => name.to_owned(),
        },
        [half, "norm_out", rest] => format!("{half}.conv_norm_out.{rest}"),
        _ => name.to_owned(),
    }
}

/// What attention's linear layers are called: today, in older files of diffusers, in the original program.
const ATTENTION: [[&str; 3]; 4] = [
    ["to_q", "query", "q"],
    ["to_k", "key", "k"],
    ["to_v", "value", "v"],
    ["to_out.0", "proj_attn", "proj_out"],
];

fn in_today_s_words(name: &str) -> String {
    let Some((attention, part)) = name.split_once(".attentions.0.") else {
        return name.to_owned();
    };
    let Some((part, last)) = part.rsplit_once('.') else {
        return name.to_owned();
    };
    let today = ATTENTION.iter().find(|names| names[1..].contains(&part));
    let part = today.map_or(part, |names| names[0]);
    format!("{attention}.attentions.0.{part}.{last}")
}

/// Attention's 1×1 convolutions as the linear layers that they are.
fn as_linear(name: &str, tensor: &StoredTensor) -> Result<StoredTensor> {
    match *tensor.shape() {
        [outputs, inputs, 1, 1] if name.contains(".attentions.") => {
            tensor.reshaped(&[outputs, inputs])
        }
        _ => Ok(tensor.clone()),
    }
}
