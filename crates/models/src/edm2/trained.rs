//! Weights that change: normalised at each use, so that gradients flow through the normalisation.

use candle_core::{DType, Tensor};
use foil_tensor::{Epilogue, composed, conv2d, linear, pixel_norm};

use super::layer::{Kernel, Layer, Product};
use crate::Result;

/// A layer that can be trained.
#[derive(Debug)]
pub struct Trained {
    layer: Layer,
    weight: Tensor,
    gain: Option<Tensor>,
}

impl Trained {
    /// Of a published weight and gain, in single precision; variables if they are to be trained.
    pub(super) fn new(
        layer: &Layer,
        tensor: &mut impl FnMut(&str) -> Result<Tensor>,
    ) -> Result<Self> {
        let gain = layer.gain.as_deref().map(&mut *tensor);
        Ok(Self {
            weight: tensor(&layer.weight)?,
            gain: gain.transpose()?,
            layer: layer.clone(),
        })
    }

    /// As it multiplies, `[outputs, fan_in]`.
    fn effective(&self, dtype: DType) -> foil_tensor::Result<Tensor> {
        let (outputs, fan_in) = (self.layer.outputs, self.layer.fan_in());
        let normalised = pixel_norm(&self.weight.reshape((outputs, fan_in))?)?;
        let mut weight = (normalised * (1.0 / (fan_in as f64).sqrt()))?;
        if let Some(gain) = &self.gain {
            weight = weight.broadcast_mul(gain)?;
        }
        if let Some(heads) = self.layer.heads {
            let by_head = weight.reshape((heads, outputs / heads / 3, 3, fan_in))?;
            weight = by_head
                .permute((2, 0, 1, 3))?
                .contiguous()?
                .reshape((outputs, fan_in))?;
        }
        Ok(weight.to_dtype(dtype)?)
    }
}

impl Product for Trained {
    fn apply(&self, x: &Tensor, epilogue: &Epilogue<'_>) -> foil_tensor::Result<Tensor> {
        let weight = self.effective(x.dtype())?;
        let value = match self.layer.kernel {
            Kernel::Linear => linear(x, &weight, None)?,
            Kernel::Convolution => {
                let shape = (self.layer.outputs, self.layer.inputs, 3, 3);
                conv2d(x, &weight.reshape(shape)?, None, 1, 1)?
            }
        };
        composed::epilogue(&value, epilogue)
    }
}
