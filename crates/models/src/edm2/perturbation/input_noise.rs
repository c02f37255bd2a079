//! Noise added to a network's input: D(x + σ·√((1 + raise)² − 1)·n; (1 + raise)·σ). The network sees an image of the noise level it is
//! told, but one that says less about the clean image than x does.

use candle_core::Tensor;
use foil_diffusion::Sigma;

use super::super::streams::Draw;
use crate::Result;

/// By what share the noise level is raised.
#[derive(Debug, Clone, Copy)]
pub(super) struct InputNoise {
    pub raise: f64,
}

impl InputNoise {
    /// √((1 + raise)² − 1): variances add.
    fn added(self) -> f64 {
        (self.raise * (2.0 + self.raise)).sqrt()
    }

    /// At one noise level: the noisier `[batch, channels, height, width]` and its level.
    pub fn at(self, noisy: &Tensor, sigma: Sigma, draw: Draw<'_>) -> Result<(Tensor, Sigma)> {
        let added = (draw.normal_like(noisy)? * (self.added() * sigma.get()))?;
        Ok((
            (noisy + added)?,
            Sigma::new(sigma.get() * (1.0 + self.raise))?,
        ))
    }

    /// The same with noise levels `[batch]`.
    pub fn batch(self, noisy: &Tensor, sigma: &Tensor, draw: Draw<'_>) -> Result<(Tensor, Tensor)> {
        let each = (sigma.to_dtype(noisy.dtype())? * self.added())?.reshape(((), 1, 1, 1))?;
        let added = draw.normal_like(noisy)?.broadcast_mul(&each)?;
        Ok(((noisy + added)?, (sigma * (1.0 + self.raise))?))
    }
}
