//! The layouts in which the same weights are published: torchvision's, as pytorch-fid's file has it, and NVIDIA's, whose normalisation has no
//! scale.

use std::collections::BTreeMap;

use candle_core::DType;

use super::plan;
use crate::{Result, StoredTensor, Weights};

/// What a layer of NVIDIA's is called in torchvision's layout.
const PARTS: [(&str, &str); 4] = [
    ("conv.weight", "weight"),
    ("bn.bias", "beta"),
    ("bn.running_mean", "mean"),
    ("bn.running_var", "var"),
];

/// All layers in both layouts: torchvision's name, NVIDIA's name.
fn layers() -> Vec<(String, String)> {
    // TensorFlow's: the first of a name has no number.
    let numbered = |name: &str, number: usize| match number {
        0 => name.to_owned(),
        number => format!("{name}_{number}"),
    };
    let stem = plan::STEM.iter().enumerate();
    let stem = stem.map(|(place, stem)| (stem.name.to_owned(), numbered("conv", place)));
    let mut layers: Vec<(String, String)> = stem.collect();
    for (place, block) in plan::BLOCKS.iter().enumerate() {
        let theirs = numbered("mixed", place);
        for branch in block.branches {
            let own = branch.convolutions.iter().enumerate();
            let own = own.map(|(place, name)| (*name, numbered("conv", place)));
            let split = branch.split.iter().flatten().enumerate();
            let split = split.map(|(place, name)| (*name, numbered("mixed_conv", place)));
            layers.extend(own.chain(split).map(|(name, layer)| {
                let ours = format!("{}.{name}", block.name);
                (ours, format!("{theirs}.{}{layer}", branch.tower))
            }));
        }
    }
    layers
}

/// The weights in torchvision's layout, whatever they are in; all of them, and no others.
pub(super) fn as_torchvision(weights: &Weights) -> Result<Weights> {
    let is_nvidia = weights.iter().any(|(name, _)| name == "layers.conv.weight");
    let mut tensors = BTreeMap::new();
    let mut used: Vec<String> = Vec::new();
    let mut take = |ours: String, theirs: String| -> Result<()> {
        tensors.insert(ours, weights.get(&theirs)?.clone());
        used.push(theirs);
        Ok(())
    };
    let mut ones = Vec::new();
    for (ours, theirs) in layers() {
        for (part, their_part) in PARTS {
            let own = format!("{ours}.{part}");
            let theirs = if is_nvidia {
                format!("layers.{theirs}.{their_part}")
            } else {
                own.clone()
            };
            take(own, theirs)?;
        }
        let gain = format!("{ours}.bn.weight");
        if is_nvidia {
            ones.push(gain);
        } else {
            take(gain.clone(), gain)?;
        }
    }
    for part in ["weight", "bias"] {
        let theirs = if is_nvidia { "output" } else { "fc" };
        take(format!("fc.{part}"), format!("{theirs}.{part}"))?;
    }
    for gain in ones {
        let layer = gain.trim_end_matches("weight");
        let count = tensors[&format!("{layer}bias")].count();
        let bytes = 1.0_f32.to_le_bytes().repeat(count);
        tensors.insert(gain, StoredTensor::in_memory(DType::F32, &[count], bytes)?);
    }
    used.sort();
    let unknown = weights.iter().map(|(name, _)| name).filter(|name| {
        // Counted by torch while it trained, and read by nobody.
        let counter = name.ends_with(".num_batches_tracked");
        !counter
            && used
                .binary_search_by(|used| used.as_str().cmp(name))
                .is_err()
    });
    let unknown: Vec<&str> = unknown.collect();
    if let Some(first) = unknown.first() {
        return Err(weights.wrong(format!(
            "{} tensors that Inception-v3 has not, such as {first}",
            unknown.len()
        )));
    }
    Ok(Weights::new(weights.origin(), tensors))
}
