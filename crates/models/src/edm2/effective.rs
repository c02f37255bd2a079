//! Weights as they multiply: each row W·gain/(√fan_in·(10⁻⁴ + RMS of the row)). Karras et al. 2024, Eq. 47 and Algorithm 1.

use std::ops::Range;

use candle_core::{Device, Tensor};
use foil_tensor::Rows;

use super::layer::{Kernel, Layer};
use crate::{Error, Result, StoredTensor, Weights, weights::widen};

/// The rows of a layer, made of stored ones as they are asked for.
pub(super) struct Effective<'a> {
    layer: &'a Layer,
    stored: &'a StoredTensor,
    /// Of the stored tensor.
    bytes: &'a [u8],
    gain: f32,
}

impl Effective<'_> {
    /// Calls `read` with the rows of a layer.
    pub fn with<R>(
        layer: &Layer,
        weights: &Weights,
        read: impl FnOnce(&Effective<'_>) -> R,
    ) -> Result<R> {
        let gain = match &layer.gain {
            None => 1.0,
            Some(name) => {
                let numbers = weights.get(name)?.numbers()?;
                numbers.first().copied().unwrap_or(1.0)
            }
        };
        let stored = weights.get(&layer.weight)?;
        stored.with_bytes(|bytes| {
            read(&Effective {
                layer,
                stored,
                bytes,
                gain,
            })
        })
    }

    /// All rows, `[outputs, inputs, 3, 3]` or `[outputs, inputs]`, in single precision.
    pub fn tensor(&self) -> Result<Tensor> {
        let Layer {
            outputs, inputs, ..
        } = *self.layer;
        let mut numbers = vec![0.0; outputs * self.layer.fan_in()];
        self.write(0..outputs, Rows::Single(&mut numbers))?;
        Ok(match self.layer.kernel {
            Kernel::Convolution => {
                Tensor::from_vec(numbers, (outputs, inputs, 3, 3), &Device::Cpu)?
            }
            Kernel::Linear => Tensor::from_vec(numbers, (outputs, inputs), &Device::Cpu)?,
        })
    }

    /// Rows of these outputs.
    pub fn write(&self, outputs: Range<usize>, mut to: Rows<'_>) -> Result<()> {
        let fan_in = self.layer.fan_in();
        let scale = self.gain / (fan_in as f32).sqrt();
        let row_bytes = fan_in * self.stored.dtype().size_in_bytes();
        let mut row = vec![0.0_f32; fan_in];
        for (index, output) in outputs.enumerate() {
            let start = self.layer.published_row(output) * row_bytes;
            let bytes = &self.bytes[start..start + row_bytes];
            widen(self.stored.dtype(), bytes, &mut row)?;
            if !to.write_normalised(index, &row, scale).is_finite() {
                return Err(Error::Weights {
                    origin: self.layer.weight.clone(),
                    problem: "a weight is infinite or not a number".into(),
                });
            }
        }
        Ok(())
    }
}
