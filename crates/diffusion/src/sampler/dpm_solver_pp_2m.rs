//! DPM-Solver++(2M): multistep, second order, one evaluation a step. Lu et al. 2022 (++), Algorithm 2 (midpoint).
//! The first step and a move to σ = 0 have order 1.
//!
//! Its form for CFG++ is the published programs': x' = D + (σ'/σ)·(x − D_u) + (1 − σ'/σ)·h/(2h_before)·(D − D_u,before).

use candle_core::Tensor;

use super::{Sampler, first_order, first_order_split, weighted_sum};
use crate::{Denoiser, Noise, Result, Sigma};

/// Extrapolates the data prediction from the last two levels.
#[derive(Debug, Clone, Default)]
pub struct DpmSolverPp2m {
    /// The last level, and the estimate that its noise was computed from.
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
        let estimate = denoiser.estimate(&x, from)?;
        let noise_from = estimate
            .noise_from
            .clone()
            .unwrap_or(estimate.clean.clone());
        let previous = self.previous.replace((from, noise_from));
        let Some((sigma_before, before)) = previous.filter(|_| !to.is_zero()) else {
            return first_order_split(&x, &estimate, from, to);
        };
        let h = to.half_log_snr() - from.half_log_snr();
        let h_before = from.half_log_snr() - sigma_before.half_log_snr();
        let forward = h / (2.0 * h_before);
        if estimate.noise_from.is_some() {
            let moved = first_order_split(&x, &estimate, from, to)?;
            let share = (1.0 - to.get() / from.get()) * forward;
            return weighted_sum(&[(1.0, &moved), (share, &estimate.clean), (-share, &before)]);
        }
        let extrapolated = weighted_sum(&[(1.0 + forward, &estimate.clean), (-forward, &before)])?;
        first_order(&x, &extrapolated, from, to)
    }

    fn splits(&self) -> bool {
        true
    }
}
