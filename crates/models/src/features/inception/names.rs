//! The layouts in which the same weights are published: torchvision's, as pytorch-fid's file has it, NVIDIA's, and that of the graph which
//! both were made of. The graph's normalisations do not scale (it has constants for that, and they are not looked at), and NVIDIA's have
//! nothing to scale by.

use std::collections::BTreeMap;

use candle_core::DType;

use super::plan;
use crate::{Result, StoredTensor, Weights};

/// Who published the weights; the number is that of their names below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Torchvision = 0,
    Nvidia = 1,
    Tensorflow = 2,
}

/// What is left of a tensor's name after that of its layer, in each layout.
const PARTS: [[&str; 3]; 4] = [
    ["conv.weight", "weight", "conv2d_params"],
    ["bn.bias", "beta", "batchnorm/beta"],
    ["bn.running_mean", "mean", "batchnorm/moving_mean"],
    ["bn.running_var", "var", "batchnorm/moving_variance"],
];

/// The scale of a normalisation, which is 1 where a layout has none.
const SCALE: &str = "bn.weight";

/// The last layer, in each layout.
const HEAD: [[&str; 3]; 2] = [
    ["fc.weight", "output.weight", "softmax/weights"],
    ["fc.bias", "output.bias", "softmax/biases"],
];

/// What the tensors' names of each layer begin with, in each layout.
fn layers() -> Vec<[String; 3]> {
    // TensorFlow's: the first of a name has no number.
    let numbered = |name: &str, number: usize| match number {
        0 => name.to_owned(),
        number => format!("{name}_{number}"),
    };
    let stem = plan::STEM.iter().enumerate().map(|(place, stem)| {
        let theirs = numbered("conv", place);
        [
            format!("{}.", stem.name),
            format!("layers.{theirs}."),
            format!("{theirs}/"),
        ]
    });
    let mut layers: Vec<[String; 3]> = stem.collect();
    for (place, block) in plan::BLOCKS.iter().enumerate() {
        let theirs = numbered("mixed", place);
        for branch in block.branches {
            let own = branch.convolutions.iter().enumerate();
            let own = own.map(|(place, name)| (*name, numbered("conv", place)));
            let split = branch.split.iter().flatten().enumerate();
            let split = split.map(|(place, name)| (*name, numbered("mixed/conv", place)));
            for (ours, layer) in own.chain(split) {
                let tower = branch.tower.trim_end_matches(['.', '_']);
                let slash = if tower.is_empty() { "" } else { "/" };
                layers.push([
                    format!("{}.{ours}.", block.name),
                    format!(
                        "layers.{theirs}.{}{}.",
                        branch.tower,
                        layer.replace('/', "_")
                    ),
                    format!("{theirs}/{tower}{slash}{layer}/"),
                ]);
            }
        }
    }
    layers
}

/// The weights in torchvision's layout, whatever they are in; all of them, and, but for a graph's other constants, no others.
pub(super) fn as_torchvision(weights: &Weights) -> Result<Weights> {
    let layout = Layout::of(weights);
    let named = layout.names();
    let mut tensors = BTreeMap::new();
    for (name, ours) in &named {
        tensors.insert(ours.clone(), layout.ordered(weights.get(name)?)?);
    }
    let unknown = weights.iter().map(|(name, _)| name).filter(|name| {
        // Counted by torch while it trained, and read by nobody.
        !(name.ends_with(".num_batches_tracked") || named.contains_key(*name))
    });
    let unknown: Vec<&str> = unknown.collect();
    if let Some(first) = unknown.first()
        && layout != Layout::Tensorflow
    {
        return Err(weights.wrong(format!(
            "{} tensors that Inception-v3 has not, such as {first}",
            unknown.len()
        )));
    }
    if layout != Layout::Torchvision {
        for [ours, ..] in layers() {
            let count = tensors[&format!("{ours}bn.bias")].count();
            let ones = 1.0_f32.to_le_bytes().repeat(count);
            let ones = StoredTensor::in_memory(DType::F32, &[count], ones)?;
            tensors.insert(format!("{ours}{SCALE}"), ones);
        }
    }
    Ok(Weights::new(weights.origin(), tensors))
}

impl Layout {
    /// By the first layer.
    fn of(weights: &Weights) -> Self {
        let has = |name: &str| weights.iter().any(|(found, _)| found == name);
        if has("layers.conv.weight") {
            Self::Nvidia
        } else if has("conv/conv2d_params") {
            Self::Tensorflow
        } else {
            Self::Torchvision
        }
    }

    /// Of each tensor's name torchvision's.
    fn names(self) -> BTreeMap<String, String> {
        let layers = layers().into_iter().flat_map(|layer| {
            let parts = PARTS.into_iter();
            let scale = (self == Self::Torchvision).then_some([SCALE; 3]);
            parts.chain(scale).map(move |part| {
                [self, Self::Torchvision]
                    .map(|layout| format!("{}{}", layer[layout as usize], part[layout as usize]))
            })
        });
        let head = HEAD.map(|part| [part[self as usize], part[0]].map(str::to_owned));
        let names = layers.chain(head);
        names.map(|[name, ours]| (name, ours)).collect()
    }

    /// A tensor with its dimensions as torchvision has them. TensorFlow's filters are `[height, width, inputs, outputs]`.
    fn ordered(self, tensor: &StoredTensor) -> Result<StoredTensor> {
        match (self, tensor.shape().len()) {
            (Self::Tensorflow, 4) => tensor.permuted(&[3, 2, 0, 1]),
            (Self::Tensorflow, 2) => tensor.permuted(&[1, 0]),
            _ => Ok(tensor.clone()),
        }
    }
}
