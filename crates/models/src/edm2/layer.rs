//! One magnitude-preserving layer: what it is, and the two forms its weight takes.
//!
//! The weight of every layer is normalised row by row and scaled by gain/√fan_in before it is used. Karras et al. 2024,
//! Eq. 47 and Algorithm 1. While it is trained that is done at each use ([`Trained`](super::Trained)); when it no longer
//! changes it is done once ([`Packed`](super::Packed)).

use candle_core::Tensor;
use foil_tensor::{Activation, Epilogue, Residual};

use super::value::Value;
use crate::Result;

/// What a layer multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// 3×3 pixels, with zeros around the image.
    Convolution,
    /// Each pixel, or an embedding, by itself.
    Linear,
}

/// One layer of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The weight's published name.
    pub weight: String,
    /// Its kind.
    pub kernel: Kernel,
    /// Rows of the weight.
    pub outputs: usize,
    /// Channels of the input.
    pub inputs: usize,
    /// The published name of a factor, if it has one.
    pub gain: Option<String>,
    /// Of queries, keys and values: published rows go by head, channel, then which of the three; ours by which, head, channel,
    /// so that each is a slice.
    pub heads: Option<usize>,
    /// Height and width of the images it sees; `None` is an embedding, which is kept in single precision.
    pub resolution: Option<usize>,
}

impl Layer {
    pub(super) fn convolution(
        name: &str,
        [outputs, inputs]: [usize; 2],
        resolution: usize,
    ) -> Self {
        Self {
            weight: format!("unet.{name}.weight"),
            kernel: Kernel::Convolution,
            outputs,
            inputs,
            gain: None,
            heads: None,
            resolution: Some(resolution),
        }
    }

    pub(super) fn pixelwise(name: &str, size: [usize; 2], resolution: usize) -> Self {
        Self {
            kernel: Kernel::Linear,
            ..Self::convolution(name, size, resolution)
        }
    }

    pub(super) fn embedding(name: &str, size: [usize; 2]) -> Self {
        Self {
            kernel: Kernel::Linear,
            resolution: None,
            ..Self::convolution(name, size, 1)
        }
    }

    pub(super) fn with_gain(self, name: &str) -> Self {
        Self {
            gain: Some(format!("unet.{name}")),
            ..self
        }
    }

    /// Numbers in a row of the weight.
    pub fn fan_in(&self) -> usize {
        match self.kernel {
            Kernel::Convolution => 9 * self.inputs,
            Kernel::Linear => self.inputs,
        }
    }

    /// The published row that becomes this one.
    pub(super) fn published_row(&self, row: usize) -> usize {
        let Some(heads) = self.heads else {
            return row;
        };
        let channels = self.outputs / heads / 3;
        let (which, within) = (row / (heads * channels), row % (heads * channels));
        let (head, channel) = (within / channels, within % channels);
        (head * channels + channel) * 3 + which
    }
}

/// Where a network's layers come from.
pub(super) trait Source<P> {
    /// One layer.
    fn layer(&mut self, layer: &Layer) -> Result<P>;
    /// A tensor that is never trained, by its published name.
    fn fixed(&mut self, name: &str) -> Result<Tensor>;
}

/// A layer in one of its forms.
pub trait Product {
    /// What it multiplies.
    type Value: Value;
    /// The product with `x` `[batch, height, width, inputs]` or `[batch, …, inputs]`.
    fn apply(&self, x: &Self::Value) -> Result<Self::Value>;
    /// mp_silu(product · (1 + shift)), for a shift `[batch, outputs]`.
    fn modulated(&self, x: &Self::Value, shift: &Self::Value) -> Result<Self::Value>;
    /// The product, mixed with something else.
    fn mixed(&self, x: &Self::Value, mix: Mix<'_, Self::Value>) -> Result<Self::Value>;
}

/// mp_sum(residual, product, t), limited to −clip … clip.
#[derive(Debug, Clone, Copy)]
pub struct Mix<'a, V> {
    /// Shaped as the product.
    pub residual: &'a V,
    /// The product's share.
    pub t: f64,
    /// The limit.
    pub clip: Option<f64>,
}

/// The epilogue of [`Product::mixed`].
pub(super) fn mixing<'a>(mix: &Mix<'a, Tensor>) -> Epilogue<'a> {
    Epilogue {
        residual: Some(Residual::mp_sum(mix.residual, mix.t)),
        clip: mix.clip,
        ..Epilogue::default()
    }
}

/// The epilogue of [`Product::modulated`], for gain = 1 + shift.
pub(super) fn modulating(gain: &Tensor) -> Epilogue<'_> {
    Epilogue {
        gain: Some(gain),
        activation: Activation::MpSilu,
        ..Epilogue::default()
    }
}
