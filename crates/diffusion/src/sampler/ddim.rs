//! DDIM: from the deterministic flow (η = 0) to DDPM's posterior (η = 1). Song et al. 2021, Eq. 12 and 16.

use candle_core::Tensor;

use super::{Sampler, weighted_sum};
use crate::{Denoiser, Error, Noise, Result, Sigma};

/// Written in ᾱ as the paper has it, then divided by √ᾱ' to leave variance-preserving coordinates.
#[derive(Debug, Clone, Copy)]
pub struct Ddim {
    eta: f64,
}

impl Ddim {
    /// `eta` in [0, 1].
    pub fn new(eta: f64) -> Result<Self> {
        if (0.0..=1.0).contains(&eta) {
            return Ok(Self { eta });
        }
        Err(Error::Sampler(format!(
            "DDIM's eta must be in [0, 1], got {eta}"
        )))
    }
}

impl Sampler for Ddim {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        let estimate = denoiser.estimate(&x, from)?;
        let noise_from = estimate.noise_from.as_ref().unwrap_or(&estimate.clean);
        let (alpha_bar, alpha_bar_next) = (from.alpha_bar(), to.alpha_bar());
        let added = self.eta
            * ((1.0 - alpha_bar_next) / (1.0 - alpha_bar) * (1.0 - alpha_bar / alpha_bar_next))
                .sqrt();
        let direction = (1.0 - alpha_bar_next - added * added).max(0.0).sqrt();
        let scale = 1.0 / alpha_bar_next.sqrt();
        let epsilon = ((&x - noise_from)? / from.get())?;
        let moved = weighted_sum(&[(1.0, &estimate.clean), (scale * direction, &epsilon)])?;
        if added > 0.0 {
            Ok((moved + (noise.normal_like(&x)? * (scale * added))?)?)
        } else {
            Ok(moved)
        }
    }

    fn splits(&self) -> bool {
        true
    }
}
