//! A network told a wrong noise level: time-step guidance, 2407.02687, section 4.2. The paper adds normal numbers to the embedding of
//! the time step; here one number is added to what is embedded, c_noise = ln σ / 4, so that the network sees a noise level that exists.
//! What scales its input and output stays right.

use candle_core::{DType, Tensor};

use super::super::streams::Draw;
use crate::Result;

/// c_noise + scale·σ^power·n.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoiseLevel {
    pub scale: f64,
    pub power: f64,
}

impl NoiseLevel {
    /// Of c_noise `[batch]`.
    pub fn told(self, noise: &Tensor, draw: Draw<'_>) -> Result<Tensor> {
        let right = noise.to_dtype(DType::F64)?;
        let normal = draw.normal_like(&right)?;
        // σ = exp(4·c_noise).
        let deviation = ((&right * (4.0 * self.power))?.exp()? * self.scale)?;
        Ok((right + (deviation * normal)?)?.to_dtype(noise.dtype())?)
    }
}
