//! DPM-Solver++(2S): single-step, second order, in the data prediction. Lu et al. 2022 (++), Algorithm 1, r₁ = ½.
//! A move to σ = 0 is made with order 1.

use candle_core::Tensor;

use super::{Sampler, first_order};
use crate::{Denoiser, Noise, Result, Sigma};

/// Two evaluations a step, the second at the midpoint in λ.
#[derive(Debug, Clone, Copy, Default)]
pub struct DpmSolverPp2s;

impl Sampler for DpmSolverPp2s {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        _noise: &mut Noise,
    ) -> Result<Tensor> {
        let denoised = denoiser.denoise(&x, from)?;
        if to.is_zero() {
            return Ok(denoised);
        }
        let middle = Sigma::new((from.get() * to.get()).sqrt())?;
        let inner = first_order(&x, &denoised, from, middle)?;
        // With r₁ = ½ the extrapolated data prediction D + (D_middle − D)/(2r₁) is D_middle.
        let denoised = denoiser.denoise(&inner, middle)?;
        first_order(&x, &denoised, from, to)
    }
}
