//! From images of 299×299 pixels to what describes them.

use candle_core::{D, DType, Device, Tensor};
use foil_tensor::{Epilogue, PackedLinear, max_pool, mean_pool};

use super::{
    CLASSES, FEATURES, SIDE, SPATIAL_FEATURES,
    layers::{Convolution, Placed},
    names,
    plan::{self, Begins, HALF, SAME},
};
use crate::{Error, Result, Weights};

/// The network, packed.
#[derive(Debug)]
pub struct Inception {
    dtype: DType,
    stem: Vec<(Convolution, bool)>,
    blocks: Vec<Block>,
    head: PackedLinear,
    bias: Tensor,
}

/// What it says of images.
#[derive(Debug, Clone)]
pub struct Described {
    /// `[images, 2048]`: FID's features, the means of the last block.
    pub features: Tensor,
    /// `[images, 2023]`: sFID's features, 7 channels of an earlier block at each position.
    pub spatial: Tensor,
    /// `[images, 1008]`: logarithms of the classes' probabilities, each image's up to a constant, without the bias: as the Inception score
    /// takes them.
    pub logits: Tensor,
    /// `[1008]`: what to add for a classification.
    pub bias: Tensor,
}

#[derive(Debug)]
struct Block {
    branches: Vec<Branch>,
    spatial: bool,
}

#[derive(Debug)]
struct Branch {
    begins: Begins,
    convolutions: Vec<Convolution>,
    split: Vec<Convolution>,
}

impl Inception {
    /// Packs the weights of a file in any published layout. `dtype`, of convolutions and what passes between them, is `F32` or `BF16`; features and
    /// what is made of them are of single precision.
    pub fn new(weights: &Weights, dtype: DType) -> Result<Self> {
        let weights = &names::as_torchvision(weights)?;
        let mut channels = 3;
        let stem = plan::STEM.iter().map(|stem| {
            let placed = Placed {
                stride: stem.stride,
                padding: Some(stem.padding),
                side: stem.side,
                channels,
            };
            let convolution = Convolution::new(weights, stem.name, placed, dtype)?;
            channels = convolution.outputs();
            Ok((convolution, stem.pooled))
        });
        let stem = stem.collect::<Result<_>>()?;
        let blocks = plan::BLOCKS.iter().map(|block| {
            let block = Block::new(weights, block, channels, dtype)?;
            channels = block.outputs(channels);
            Ok(block)
        });
        let blocks = blocks.collect::<Result<_>>()?;
        if channels != FEATURES {
            let problem = format!("{channels} features where {FEATURES} were expected");
            return Err(weights.wrong(problem));
        }
        let tensor = |name: &str, shape: &[usize]| {
            let tensor = weights.get(name)?;
            if tensor.shape() == shape {
                return tensor.tensor(&Device::Cpu);
            }
            let found = tensor.shape();
            let problem = format!("{name} is {found:?} where {shape:?} was expected");
            Err(weights.wrong(problem))
        };
        Ok(Self {
            dtype,
            stem,
            blocks,
            head: PackedLinear::new(&tensor("fc.weight", &[CLASSES, FEATURES])?)?,
            bias: tensor("fc.bias", &[CLASSES])?,
        })
    }

    /// Of images `[images, 299, 299, 3]`, as a [`Protocol`](super::Protocol) makes them.
    pub fn describe(&self, images: &Tensor) -> Result<Described> {
        if !matches!(*images.dims(), [count, SIDE, SIDE, 3] if count > 0) {
            return Err(Error::Input(format!(
                "images {:?} where [images, {SIDE}, {SIDE}, 3] was expected",
                images.dims()
            )));
        }
        let mut x = images.to_dtype(self.dtype)?;
        for (convolution, pooled) in &self.stem {
            x = convolution.forward(&x)?;
            if *pooled {
                x = max_pool(&x, HALF)?;
            }
        }
        let mut spatial = None;
        for block in &self.blocks {
            x = block.forward(&x, &mut spatial)?;
        }
        let features = x.to_dtype(DType::F32)?.mean((1, 2))?;
        let spatial = spatial.ok_or_else(|| Error::Config("no spatial features".to_owned()))?;
        debug_assert_eq!(features.dims()[1], FEATURES);
        debug_assert_eq!(spatial.dims()[1], SPATIAL_FEATURES);
        let logits = self.head.forward(&features, &Epilogue::default())?;
        debug_assert_eq!(logits.dims()[1], CLASSES);
        Ok(Described {
            features,
            spatial,
            logits,
            bias: self.bias.clone(),
        })
    }
}

impl Block {
    fn new(weights: &Weights, block: &plan::Block, channels: usize, dtype: DType) -> Result<Self> {
        let branches = block.branches.iter().map(|branch| {
            let mut channels = channels;
            let convolution = |name: &str, halves: bool, channels: usize| {
                let placed = Placed {
                    stride: if halves { 2 } else { 1 },
                    padding: halves.then_some(0),
                    side: block.side,
                    channels,
                };
                Convolution::new(weights, &format!("{}.{name}", block.name), placed, dtype)
            };
            let mut convolutions = Vec::new();
            for (place, name) in branch.convolutions.iter().enumerate() {
                let last = place + 1 == branch.convolutions.len();
                let made = convolution(name, branch.halves && last, channels)?;
                channels = made.outputs();
                convolutions.push(made);
            }
            let split = branch.split.iter().flatten();
            let split = split.map(|name| convolution(name, false, channels));
            Ok(Branch {
                begins: branch.begins,
                convolutions,
                split: split.collect::<Result<_>>()?,
            })
        });
        Ok(Self {
            branches: branches.collect::<Result<_>>()?,
            spatial: block.name == plan::SPATIAL,
        })
    }

    /// Channels of what it makes of so many.
    fn outputs(&self, channels: usize) -> usize {
        let outputs = self.branches.iter().map(|branch| match &branch.split[..] {
            [] => branch
                .convolutions
                .last()
                .map_or(channels, Convolution::outputs),
            split => split.iter().map(Convolution::outputs).sum(),
        });
        outputs.sum()
    }

    fn forward(&self, x: &Tensor, spatial: &mut Option<Tensor>) -> Result<Tensor> {
        let mut parts = Vec::new();
        for branch in &self.branches {
            branch.forward(x, &mut parts)?;
        }
        if self.spatial {
            let first = parts[0].narrow(D::Minus1, 0, 7)?.to_dtype(DType::F32)?;
            *spatial = Some(first.contiguous()?.flatten_from(1)?);
        }
        Ok(Tensor::cat(&parts, D::Minus1)?)
    }
}

impl Branch {
    fn forward(&self, x: &Tensor, parts: &mut Vec<Tensor>) -> Result<()> {
        // Means of windows and a convolution of single pixels can change places, and there are fewer channels after it.
        if let (Begins::Mean, [convolution]) = (self.begins, &self.convolutions[..]) {
            parts.push(mean_pool(&convolution.linear(x)?, SAME)?.relu()?);
            return Ok(());
        }
        let mut x = match self.begins {
            Begins::AsItIs => x.clone(),
            Begins::Mean => mean_pool(x, SAME)?,
            Begins::Max => max_pool(x, SAME)?,
            Begins::HalvedMax => max_pool(x, HALF)?,
        };
        for convolution in &self.convolutions {
            x = convolution.forward(&x)?;
        }
        if self.split.is_empty() {
            parts.push(x);
            return Ok(());
        }
        for convolution in &self.split {
            parts.push(convolution.forward(&x)?);
        }
        Ok(())
    }
}
