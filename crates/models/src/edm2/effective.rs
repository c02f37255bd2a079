//! Weights as they multiply: each row W·gain/(√fan_in·(10⁻⁴ + RMS of the row)). Karras et al. 2024, Eq. 47 and Algorithm 1.

use std::ops::Range;

use foil_tensor::Rows;
use half::bf16;

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
    pub fn write(&self, outputs: Range<usize>, to: Rows<'_>) -> Result<()> {
        match to {
            Rows::Single(to) => self.scale(outputs, to, |value| value),
            Rows::Half(to) => self.scale(outputs, to, round),
        }
    }

    fn scale<T>(
        &self,
        outputs: Range<usize>,
        to: &mut [T],
        convert: impl Fn(f32) -> T,
    ) -> Result<()> {
        let fan_in = self.layer.fan_in();
        let scale = self.gain / (fan_in as f32).sqrt();
        let row_bytes = fan_in * self.stored.dtype().size_in_bytes();
        let mut row = vec![0.0_f32; fan_in];
        for (output, to) in outputs.zip(to.chunks_exact_mut(fan_in)) {
            let start = self.layer.published_row(output) * row_bytes;
            let bytes = &self.bytes[start..start + row_bytes];
            widen(self.stored.dtype(), bytes, &mut row)?;
            let factor = scale / (1e-4 + root_mean_square(&row));
            if !factor.is_finite() {
                return Err(Error::Weights {
                    origin: self.layer.weight.clone(),
                    problem: "a weight is infinite or not a number".into(),
                });
            }
            for (to, value) in to.iter_mut().zip(&row) {
                *to = convert(value * factor);
            }
        }
        Ok(())
    }
}

/// To the nearest, ties to even; weights that are not numbers were refused before.
#[inline]
fn round(value: f32) -> bf16 {
    let bits = value.to_bits();
    bf16::from_bits(((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16)
}

/// In sixteen sums, which a compiler makes a vector of.
fn root_mean_square(row: &[f32]) -> f32 {
    let (blocks, rest) = row.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value * value;
        }
    }
    let squares: f32 =
        sums.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>();
    (squares / row.len().max(1) as f32).sqrt()
}
