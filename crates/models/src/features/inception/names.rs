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

/// Of the last layer.
const HEAD: [&str; 2] = ["weight", "bias"];

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
    let named = if is_nvidia { nvidia() } else { torchvision() };
    let mut tensors = BTreeMap::new();
    for (name, ours) in &named {
        tensors.insert(ours.clone(), weights.get(name)?.clone());
    }
    let unknown = weights.iter().map(|(name, _)| name).filter(|name| {
        // Counted by torch while it trained, and read by nobody.
        !(name.ends_with(".num_batches_tracked") || named.contains_key(*name))
    });
    let unknown: Vec<&str> = unknown.collect();
    if let Some(first) = unknown.first() {
        return Err(weights.wrong(format!(
            "{} tensors that Inception-v3 has not, such as {first}",
            unknown.len()
        )));
    }
    if is_nvidia {
        for (ours, _) in layers() {
            let count = tensors[&format!("{ours}.bn.bias")].count();
            let ones = 1.0_f32.to_le_bytes().repeat(count);
            let ones = StoredTensor::in_memory(DType::F32, &[count], ones)?;
            tensors.insert(format!("{ours}.bn.weight"), ones);
        }
    }
    Ok(Weights::new(weights.origin(), tensors))
}

/// Of each tensor's name the same.
fn torchvision() -> BTreeMap<String, String> {
    let parts = || PARTS.map(|(part, _)| part).into_iter().chain(["bn.weight"]);
    let layers = layers().into_iter();
    let names = layers.flat_map(|(layer, _)| parts().map(move |part| format!("{layer}.{part}")));
    let head = HEAD.map(|part| format!("fc.{part}"));
    names.chain(head).map(|name| (name.clone(), name)).collect()
}

/// Of each tensor's name torchvision's.
fn nvidia() -> BTreeMap<String, String> {
    let names = layers().into_iter().flat_map(|(layer, theirs)| {
        PARTS.map(|(part, their_part)| {
            let name = format!("layers.{theirs}.{their_part}");
            (name, format!("{layer}.{part}"))
        })
    });
    let head = HEAD.map(|part| (format!("output.{part}"), format!("fc.{part}")));
    names.chain(head).collect()
}
