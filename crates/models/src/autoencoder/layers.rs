//! The layers of both halves, packed, on activations `[batch, height, width, channels]`.
//!
//! They take their input by value: an activation of the largest images is a quarter of a gigabyte, and is freed as soon as
//! nothing reads it.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{Epilogue, PackedConv2d, Residual, group_norm, group_norm_silu};

use super::{Config, plan::Step};
use crate::{Result, Weights};

/// Sides of the latents that convolutions are packed for; they are right for all. Of images of 512×512 pixels.
const EXPECTED_SIDE: usize = 64;

/// Where layers are made from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// By the names of diffusers, and checked.
    pub(super) weights: &'a Weights,
    pub(super) config: &'a Config,
    pub(super) dtype: DType,
    pub(super) device: &'a Device,
}

impl Source<'_> {
    /// As the layers compute with it.
    pub(super) fn tensor(&self, name: &str) -> Result<Tensor> {
        Ok(self.single(name)?.to_dtype(self.dtype)?)
    }

    /// In single precision.
    pub(super) fn single(&self, name: &str) -> Result<Tensor> {
        self.weights.get(name)?.tensor(self.device)
    }

    /// In single precision: a bias is added before sums are rounded.
    pub(super) fn bias(&self, layer: &str) -> Result<Tensor> {
        self.single(&format!("{layer}.bias"))
    }
}

/// A convolution with its bias.
#[derive(Debug)]
pub(super) struct Convolution {
    weight: PackedConv2d,
    bias: Tensor,
}

impl Convolution {
    /// With the padding that keeps the sides.
    pub(super) fn new(source: Source<'_>, name: &str, scale: usize) -> Result<Self> {
        let weight = source.tensor(&format!("{name}.weight"))?;
        let padding = weight.dim(2)? / 2;
        let side = EXPECTED_SIDE * scale;
        let weight = PackedConv2d::expecting(&weight, 1, padding, [1, side, side])?;
        Self::packed(source, name, weight)
    }

    /// With a packed weight and the bias of the layer of this name.
    pub(super) fn packed(source: Source<'_>, name: &str, weight: PackedConv2d) -> Result<Self> {
        let bias = source.bias(name)?;
        Ok(Self { weight, bias })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, None)
    }

    /// What it makes of `x` is added to `residual`.
    fn added_to(&self, residual: &Tensor, x: &Tensor) -> Result<Tensor> {
        self.with(x, Some(Residual::sum(residual)))
    }

    fn with(&self, x: &Tensor, residual: Option<Residual<'_>>) -> Result<Tensor> {
        let epilogue = Epilogue {
            bias: Some(&self.bias),
            residual,
            ..Epilogue::default()
        };
        Ok(self.weight.forward(x, &epilogue)?)
    }
}

/// Mean 0 and variance 1 of groups of channels, then a scale and a shift of each channel.
#[derive(Debug)]
pub(super) struct Norm {
    groups: usize,
    epsilon: f64,
    scale: Tensor,
    shift: Tensor,
}

impl Norm {
    pub(super) fn new(source: Source<'_>, name: &str) -> Result<Self> {
        Ok(Self {
            groups: source.config.groups,
            epsilon: source.config.epsilon,
            scale: source.tensor(&format!("{name}.weight"))?,
            shift: source.tensor(&format!("{name}.bias"))?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (groups, epsilon) = (self.groups, self.epsilon);
        Ok(group_norm(x, groups, epsilon, &self.scale, &self.shift)?)
    }

    pub(super) fn with_silu(&self, x: &Tensor) -> Result<Tensor> {
        let (groups, epsilon) = (self.groups, self.epsilon);
        Ok(group_norm_silu(
            x,
            groups,
            epsilon,
            &self.scale,
            &self.shift,
        )?)
    }
}

/// x + conv(silu(norm(conv(silu(norm(x)))))), with a 1×1 convolution of x where the width changes.
#[derive(Debug)]
pub(super) struct Block {
    norms: [Norm; 2],
    convolutions: [Convolution; 2],
    shortcut: Option<Convolution>,
}

impl Block {
    pub(super) fn new(source: Source<'_>, step: &Step) -> Result<Self> {
        let part = |part: &str| format!("{}.{part}", step.name);
        let convolution = |name: &str| Convolution::new(source, &part(name), step.scale);
        let shortcut = step.has_shortcut().then(|| convolution("conv_shortcut"));
        Ok(Self {
            norms: [
                Norm::new(source, &part("norm1"))?,
                Norm::new(source, &part("norm2"))?,
            ],
            convolutions: [convolution("conv1")?, convolution("conv2")?],
            shortcut: shortcut.transpose()?,
        })
    }

    pub(super) fn forward(&self, x: Tensor) -> Result<Tensor> {
        let [first, second] = &self.convolutions;
        let branch = first.forward(&self.norms[0].with_silu(&x)?)?;
        let main = match &self.shortcut {
            Some(shortcut) => shortcut.forward(&x)?,
            None => x.clone(),
        };
        drop(x);
        let normalised = self.norms[1].with_silu(&branch)?;
        drop(branch);
        second.added_to(&main, &normalised)
    }
}
