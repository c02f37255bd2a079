//! Weights that change: normalised at each use, so that gradients flow through the normalisation.
//!
//! Of [`Traced`] values for training on the CPU; of tensors with candle's own graph on any device.

use candle_core::{DType, Tensor};
use foil_tensor::{
    Epilogue, composed, conv2d, linear, pixel_norm,
    traced::{Mixed, RowOrder, Traced},
};

use super::layer::{Kernel, Layer, Mix, Product, mixing, modulating};
use crate::Result;

/// A layer that can be trained.
#[derive(Debug)]
pub struct Trained<V> {
    layer: Layer,
    weight: V,
    gain: Option<V>,
    /// Of the layer's input.
    dtype: DType,
}

impl<V> Trained<V> {
    /// Of a published weight and gain, in single precision; variables if they are to be trained. `dtype` is that of activations.
    pub(super) fn new(
        layer: &Layer,
        dtype: DType,
        value: &mut impl FnMut(&str) -> Result<V>,
    ) -> Result<Self> {
        let gain = layer.gain.as_deref().map(&mut *value);
        Ok(Self {
            weight: value(&layer.weight)?,
            gain: gain.transpose()?,
            dtype: match layer.resolution {
                Some(_) => dtype,
                None => DType::F32,
            },
            layer: layer.clone(),
        })
    }
}

impl Trained<Tensor> {
    /// As it multiplies, `[outputs, fan_in]`.
    fn effective(&self) -> Result<Tensor> {
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
        Ok(weight.to_dtype(self.dtype)?)
    }

    fn multiply(&self, x: &Tensor, epilogue: &Epilogue<'_>) -> Result<Tensor> {
        let weight = self.effective()?;
        let value = match self.layer.kernel {
            Kernel::Linear => linear(x, &weight, None)?,
            Kernel::Convolution => {
                let shape = (self.layer.outputs, self.layer.inputs, 3, 3);
                conv2d(x, &weight.reshape(shape)?, None, 1, 1)?
            }
        };
        Ok(composed::epilogue(&value, epilogue)?)
    }
}

impl Product for Trained<Tensor> {
    type Value = Tensor;

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        self.multiply(x, &Epilogue::default())
    }

    fn modulated(&self, x: &Tensor, shift: &Tensor) -> Result<Tensor> {
        self.multiply(x, &modulating(&(shift + 1.0)?))
    }

    fn mixed(&self, x: &Tensor, mix: Mix<'_, Tensor>) -> Result<Tensor> {
        self.multiply(x, &mixing(&mix))
    }
}

impl Trained<Traced> {
    fn multiply(&self, x: &Traced, mixed: Option<Mixed<'_>>) -> Result<Traced> {
        let order = match self.layer.heads {
            None => RowOrder::Kept,
            Some(heads) => RowOrder::ByRole { heads },
        };
        let weight = self
            .weight
            .unit_rows(self.gain.as_ref(), order, self.dtype)?;
        Ok(match self.layer.kernel {
            Kernel::Convolution => x.conv2d(&weight, mixed)?,
            Kernel::Linear => {
                let shape = [self.layer.outputs, self.layer.inputs];
                x.linear(&weight.reshape(&shape)?, mixed)?
            }
        })
    }
}

impl Product for Trained<Traced> {
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
