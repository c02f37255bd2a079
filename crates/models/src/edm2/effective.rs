//! Weights as they multiply: each row W·gain/(√fan_in·(10⁻⁴ + RMS of the row)). Karras et al. 2024, Eq. 47 and Algorithm 1.

use std::ops::Range;

use foil_tensor::Rows;

use super::layer::Layer;
use crate::{Error, Result, StoredTensor, weights::widen};

/// The rows of a layer, made of stored ones as they are asked for.
pub(super) struct Effective<'a> {
    layer: &'a Layer,
    stored: &'a StoredTensor,
    /// Of the stored tensor.
    bytes: &'a [u8],
    gain: f32,
}

impl<'a> Effective<'a> {
    pub fn new(layer: &'a Layer, stored: &'a StoredTensor, bytes: &'a [u8], gain: f32) -> Self {
        Self {
            layer,
            stored,
            bytes,
            gain,
        }
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
