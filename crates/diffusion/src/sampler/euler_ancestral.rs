//! Ancestral sampling as k-diffusion writes it: an Euler step too far down, then noise back up.

use candle_core::Tensor;

use super::{Sampler, check_eta, first_order_split};
use crate::{Denoiser, Noise, Result, Sigma};

/// η = 0 is Euler, η = 1 is DDPM's posterior.
#[derive(Debug, Clone, Copy)]
pub struct EulerAncestral {
    eta: f64,
}

impl EulerAncestral {
    /// `eta` finite and not negative.
    pub fn new(eta: f64) -> Result<Self> {
        Ok(Self {
            eta: check_eta(eta)?,
        })
    }
}

impl Sampler for EulerAncestral {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        let estimate = denoiser.estimate(&x, from)?;
        let (variance, variance_next) = (from.get().powi(2), to.get().powi(2));
        let up = (self.eta * (variance_next * (variance - variance_next) / variance).sqrt())
            .min(to.get());
        let down = Sigma::new((variance_next - up * up).max(0.0).sqrt())?;
        let moved = first_order_split(&x, &estimate, from, down)?;
        if up > 0.0 {
            Ok((moved + (noise.normal_like(&x)? * up)?)?)
        } else {
            Ok(moved)
        }
    }

    fn splits(&self) -> bool {
        true
    }
}
