//! DPM-Solver++(2M): multistep, second order, one evaluation a step. Lu et al. 2022 (++), Algorithm 2 (midpoint).
//! The first step and a move to σ = 0 have order 1.

use candle_core::Tensor;

use super::{Sampler, first_order, weighted_sum};
use crate::{Denoiser, Noise, Result, Sigma};

/// Extrapolates the data prediction from the last two levels.
#[derive(Debug, Clone, Default)]
pub struct DpmSolverPp2m {
    previous: Option<(Sigma, Tensor)>,
}

impl Sampler for DpmSolverPp2m {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        _noise: &mut Noise,
    ) -> Result<Tensor> {
        let denoised = denoiser.denoise(&x, from)?;
        let previous = self.previous.replace((from, denoised.clone()));
        let Some((sigma_before, denoised_before)) = previous.filter(|_| !to.is_zero()) else {
            return first_order(&x, &denoised, from, to);
        };
        let h = to.half_log_snr() - from.half_log_snr();
        let h_before = from.half_log_snr() - sigma_before.half_log_snr();
        let forward = h / (2.0 * h_before);
        let extrapolated =
            weighted_sum(&[(1.0 + forward, &denoised), (-forward, &denoised_before)])?;
        first_order(&x, &extrapolated, from, to)
    }
}
