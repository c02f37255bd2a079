//! Magnitude-preserving weights, from what is trained to what multiplies. Karras et al. 2024, Eq. 47.

use candle_core::{DType, Device, Tensor};
use foil_kernels::{
    Instructions, bf16,
    passes::{self, pixel_norm_backward, unit_row},
};
use rayon::prelude::*;

use super::{
    Buffer, Traced,
    step::{Outcome, Step},
};
use crate::{
    error::{Named, Result},
    normalise::PIXEL_NORM_EPSILON,
    operation::{Stored, with_slice, zeros},
};

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// As they are.
    Kept,
    /// From (head, channel, which of queries, keys and values) to (which, head, channel).
    ByRole {
        /// How many heads.
        heads: usize,
    },
}

impl RowOrder {
    fn divides(self, weight: Named<'_>, rows: usize) -> Result<()> {
        match self {
            Self::ByRole { heads } if heads == 0 || !rows.is_multiple_of(3 * heads) => {
                let problem =
                    format!("rows do not divide into queries, keys and values of {heads} heads");
                Err(weight.problem(problem))
            }
            _ => Ok(()),
        }
    }

    /// Which stored row becomes this one, of so many.
    fn stored(self, row: usize, rows: usize) -> usize {
        match self {
            Self::Kept => row,
            Self::ByRole { heads } => {
                let channels = rows / heads / 3;
                let (which, within) = (row / (heads * channels), row % (heads * channels));
                3 * within + which
            }
        }
    }
}

impl Traced {
    /// Each row of a weight `[out, …]` as it multiplies: row · gain / (√length · (10⁻⁴ + ‖row‖₂ / √length)), of another type. The gain is
    /// one number; without it, 1.
    pub fn unit_rows(&self, gain: Option<&Self>, order: RowOrder, dtype: DType) -> Result<Self> {
        let named = self.named("unit_rows", "weight")?;
        if let Some(gain) = gain {
            named.shaped(named.beside("gain", gain.value()), &[])?;
        }
        let [rows, ..] = *named.shape else {
            return Err(named.problem("expected rows"));
        };
        order.divides(named, rows)?;
        let length = self.value().elem_count() / rows.max(1);
        let factor = match gain {
            Some(gain) => gain.value().to_scalar::<f32>()?,
            None => 1.0,
        };
        let step = UnitRows {
            rows,
            length,
            order,
            gain: factor,
        };
        let value = with_slice::<f32, _>(self.value(), |weight| match dtype {
            DType::BF16 => tensor(step.forward::<bf16>(weight), self.value()),
            _ => tensor(step.forward::<f32>(weight), self.value()),
        })??;
        let mut inputs = vec![self.clone()];
        inputs.extend(gain.cloned());
        Ok(Self::made(value, step, inputs))
    }
}

/// Shaped as the weight.
fn tensor<T: Stored>(numbers: Vec<T>, weight: &Tensor) -> Result<Tensor> {
    Ok(Tensor::from_vec(numbers, weight.shape(), &Device::Cpu)?)
}

struct UnitRows {
    rows: usize,
    length: usize,
    order: RowOrder,
    gain: f32,
}

impl UnitRows {
    /// 1/√length: a normalised row's numbers have magnitude 1, and products of it with such numbers should, too.
    fn scale(&self) -> f32 {
        1.0 / (self.length as f32).sqrt()
    }

    fn forward<T: Stored>(&self, weight: &[f32]) -> Vec<T> {
        let mut out = zeros::<T>(weight.len());
        let constants = [PIXEL_NORM_EPSILON as f32, self.gain * self.scale()];
        let rows = out.par_chunks_mut(self.length).enumerate();
        rows.with_min_len(16).for_each(|(row, out)| {
            let stored = self.order.stored(row, self.rows);
            let x = &weight[stored * self.length..][..self.length];
            unit_row(Instructions::best(), constants, x, out);
        });
        out
    }

    /// As the weight's rows are stored.
    fn stored_order(&self, gradient: Vec<f32>) -> Vec<f32> {
        if self.order == RowOrder::Kept {
            return gradient;
        }
        let mut out = vec![0.0; gradient.len()];
        for (row, gradient) in gradient.chunks_exact(self.length).enumerate() {
            let stored = self.order.stored(row, self.rows);
            out[stored * self.length..][..self.length].copy_from_slice(gradient);
        }
        out
    }

    /// Σ gradient · normalised row / √length.
    fn gain_gradient(&self, weight: &[f32], gradient: &[f32]) -> f32 {
        let epsilon = PIXEL_NORM_EPSILON;
        let rows = weight.par_chunks(self.length);
        let sums: Vec<f64> = rows
            .zip(gradient.par_chunks(self.length))
            .map(|(row, gradient)| {
                let squares: f64 = row.iter().map(|&x| f64::from(x).powi(2)).sum();
                let along = row.iter().zip(gradient);
                let along: f64 = along.map(|(&x, &g)| f64::from(x) * f64::from(g)).sum();
                along / (epsilon + (squares / self.length as f64).sqrt())
            })
            .collect();
        (sums.iter().sum::<f64>() * f64::from(self.scale())) as f32
    }
}

impl Step for UnitRows {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        let gradient = self.stored_order(known.gradient.of());
        let mut out = vec![0.0; gradient.len()];
        let norm = passes::PixelNorm {
            channels: self.length,
            epsilon: PIXEL_NORM_EPSILON as f32,
        };
        let factor = self.gain * self.scale();
        let has_gain = known.inputs.len() > 1;
        let of_gain = with_slice::<f32, _>(known.inputs[0], |weight| {
            pixel_norm_backward(Instructions::best(), norm, weight, &gradient, &mut out);
            has_gain.then(|| self.gain_gradient(weight, &gradient))
        })?;
        out.par_chunks_mut(1 << 14)
            .for_each(|part| part.iter_mut().for_each(|number| *number *= factor));
        let mut gradients = vec![Some(Buffer::F32(out))];
        gradients.extend(of_gain.map(|gain| Some(Buffer::F32(vec![gain]))));
        Ok(gradients)
    }
}
