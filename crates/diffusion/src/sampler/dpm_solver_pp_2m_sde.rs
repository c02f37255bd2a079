//! DPM-Solver++(2M) on the diffusion SDE: 2M with noise. Lu et al. 2022 (++), section 5, with k-diffusion's η, which
//! scales the noise: 1 is the reverse SDE, 0 is 2M.

use candle_core::Tensor;

use super::{Sampler, check_eta, weighted_sum};
use crate::{Denoiser, Noise, Result, Sigma};

/// One evaluation and one draw of noise a step; the first step and a move to σ = 0 have order 1.
#[derive(Debug, Clone)]
pub struct DpmSolverPp2mSde {
    eta: f64,
    previous: Option<(Sigma, Tensor)>,
}

impl DpmSolverPp2mSde {
    /// `eta` finite and not negative.
    pub fn new(eta: f64) -> Result<Self> {
        Ok(Self {
            eta: check_eta(eta)?,
            previous: None,
        })
    }
}

impl Sampler for DpmSolverPp2mSde {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        let denoised = denoiser.denoise(&x, from)?;
        let previous = self.previous.replace((from, denoised.clone()));
        if to.is_zero() {
            return Ok(denoised);
        }
        let h = to.half_log_snr() - from.half_log_snr();
        let keep = to.get() / from.get() * (-self.eta * h).exp();
        let extrapolated = match previous {
            None => denoised,
            Some((sigma_before, denoised_before)) => {
                let forward = h / (2.0 * (from.half_log_snr() - sigma_before.half_log_snr()));
                weighted_sum(&[(1.0 + forward, &denoised), (-forward, &denoised_before)])?
            }
        };
        let moved = weighted_sum(&[(keep, &x), (1.0 - keep, &extrapolated)])?;
        let added = to.get() * (-(-2.0 * self.eta * h).exp_m1()).sqrt();
        if added > 0.0 {
            Ok((moved + (noise.normal_like(&x)? * added)?)?)
        } else {
            Ok(moved)
        }
    }
}
