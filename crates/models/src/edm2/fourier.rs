//! Random, fixed Fourier features of a number. Karras et al. 2024, Eq. 75.

use candle_core::Tensor;

use super::layer::Source;
use crate::Result;

/// √2·cos(x·frequency + phase), of magnitude 1.
#[derive(Debug)]
pub(super) struct Fourier {
    /// `[features]`
    frequencies: Tensor,
    /// `[features]`
    phases: Tensor,
}

impl Fourier {
    pub(super) fn new<P>(name: &str, source: &mut impl Source<P>) -> Result<Self> {
        Ok(Self {
            frequencies: source.fixed(&format!("{name}.freqs"))?,
            phases: source.fixed(&format!("{name}.phases"))?,
        })
    }

    /// `[batch]` to `[batch, features]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let angles = x.unsqueeze(1)?.broadcast_mul(&self.frequencies)?;
        let waves = angles.broadcast_add(&self.phases)?.cos()?;
        Ok((waves * std::f64::consts::SQRT_2)?)
    }
}
