//! What is done to a product's values before they are stored.

use candle_core::Tensor;
use foil_kernels::passes::Activation;

use crate::{
    error::{Named, Result},
    mix::mp_sum_scale,
};

/// clip(mix(activation(gain · (value + bias)))), each part optional, in this order.
///
/// On the CPU it is computed in `f32` while the product's sums are at hand, and rounded once. Its definition is
/// [`composed::epilogue`](crate::composed::epilogue).
#[derive(Debug, Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// `[out]`, added. Of any float type.
    pub bias: Option<&'a Tensor>,
    /// `[batch, out]`, multiplied: one number for each sample and channel. Of any float type.
    pub gain: Option<&'a Tensor>,
    /// Of each value.
    pub activation: Activation,
    /// Mixed with each value.
    pub residual: Option<Residual<'a>>,
    /// Limits values to −clip … clip.
    pub clip: Option<f64>,
}

/// scale · (residual + t · (value − residual)).
#[derive(Debug, Clone, Copy)]
pub struct Residual<'a> {
    /// Shaped and stored as the output.
    pub tensor: &'a Tensor,
    /// 0 is the residual alone, 1 the value alone.
    pub t: f64,
    /// Multiplies the mix.
    pub scale: f64,
}

impl<'a> Residual<'a> {
    /// residual + value.
    pub fn sum(tensor: &'a Tensor) -> Self {
        Self {
            tensor,
            t: 0.5,
            scale: 2.0,
        }
    }

    /// [`mp_sum`](crate::mp_sum)(residual, value, t).
    pub fn mp_sum(tensor: &'a Tensor, t: f64) -> Self {
        Self {
            tensor,
            t,
            scale: mp_sum_scale(t),
        }
    }
}

impl Epilogue<'_> {
    /// That all parts fit an output `[batch, …, out]`.
    pub(crate) fn fits(&self, output: Named<'_>) -> Result<()> {
        let [.., outputs] = *output.shape else {
            return Ok(());
        };
        if let Some(bias) = self.bias {
            output.shaped(output.beside("bias", bias), &[outputs])?;
        }
        if let Some(gain) = self.gain {
            output.shaped(output.beside("gain", gain), &[batch(output.shape), outputs])?;
        }
        match self.residual {
            Some(residual) => output.with(output.beside("residual", residual.tensor), output.shape),
            None => Ok(()),
        }
    }
}

/// How many samples an output `[batch, …, out]` has; `[out]` is one.
pub(crate) fn batch(output: &[usize]) -> usize {
    match output {
        [batch, .., _] => *batch,
        _ => 1,
    }
}
