//! Weights that no longer change in a network whose gradients with respect to images are wanted.

use candle_core::{DType, Device, Tensor};
use foil_tensor::traced::{Mixed, Traced};

use super::{
    effective::Effective,
    layer::{Kernel, Layer, Mix, Product, Source},
};
use crate::{Error, Result, Weights};

/// A layer whose weight was normalised and scaled once, and has no gradient. It is kept as a tensor, for traced values stay on
/// their thread.
#[derive(Debug)]
pub(super) struct Fixed {
    kernel: Kernel,
    weight: Tensor,
}

/// Layers of stored weights, for activations of a type.
pub(super) struct Stored<'a> {
    pub weights: &'a Weights,
    pub dtype: DType,
}

impl Source<Fixed> for Stored<'_> {
    fn layer(&mut self, layer: &Layer) -> Result<Fixed> {
        let dtype = match layer.resolution {
            Some(_) => self.dtype,
            None => DType::F32,
        };
        let weight = Effective::with(layer, self.weights, |effective| {
            Ok::<_, Error>(effective.tensor()?.to_dtype(dtype)?)
        });
        Ok(Fixed {
            kernel: layer.kernel,
            weight: weight??,
        })
    }

    fn fixed(&mut self, name: &str) -> Result<Tensor> {
        self.weights.get(name)?.tensor(&Device::Cpu)
    }
}

impl Fixed {
    fn multiply(&self, x: &Traced, mixed: Option<Mixed<'_>>) -> Result<Traced> {
        let weight = Traced::constant(self.weight.clone());
        Ok(match self.kernel {
            Kernel::Convolution => x.conv2d(&weight, mixed)?,
            Kernel::Linear => x.linear(&weight, mixed)?,
        })
    }
}

impl Product for Fixed {
    type Value = Traced;

    fn apply(&self, x: &Traced) -> Result<Traced> {
        self.multiply(x, None)
    }

    fn modulated(&self, x: &Traced, shift: &Traced) -> Result<Traced> {
        Ok(self.multiply(x, None)?.modulate(shift)?)
    }

    fn mixed(&self, x: &Traced, mix: Mix<'_, Traced>) -> Result<Traced> {
        let Mix { residual, t, clip } = mix;
        self.multiply(x, Some(Mixed { residual, t, clip }))
    }
}
