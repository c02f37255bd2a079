//! DPM-Solver++(3M): multistep, third order, one evaluation a step. Lu et al. 2022 (++), appendix.
//! The first step has order 1, the second order 2, a move to σ = 0 order 1.
//!
//! The published programs (the authors', diffusers, k-diffusion) weight the parabola's quadratic term by half of what
//! its integral gives, and so converge with order 2 only: with nodes 0, −r₀, −r₀−r₁ and divided difference D₂ the
//! integral of D₂·u² is −2φ₃·D₂, they have −φ₃·D₂. Both are here; the test of orders measures 3 and 2.

use candle_core::Tensor;

use super::{Sampler, first_order, weighted_sum};
use crate::{Denoiser, Noise, Result, Sigma};

/// Whose weight the quadratic term has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quadratic {
    /// The integral's: order 3.
    #[default]
    Exact,
    /// The published programs', for their images: order 2.
    Published,
}

/// Extrapolates the data prediction by a parabola through the last three levels.
#[derive(Debug, Clone, Default)]
pub struct DpmSolverPp3m {
    quadratic: Quadratic,
    /// The last two levels and what was predicted there, latest first.
    history: Vec<(Sigma, Tensor)>,
}

impl DpmSolverPp3m {
    /// With a weight for the quadratic term.
    pub fn new(quadratic: Quadratic) -> Self {
        Self {
            quadratic,
            history: Vec::new(),
        }
    }
}

impl Sampler for DpmSolverPp3m {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        _noise: &mut Noise,
    ) -> Result<Tensor> {
        let denoised = denoiser.denoise(&x, from)?;
        let plain = first_order(&x, &denoised, from, to)?;
        let lambda = from.half_log_snr();
        let h = to.half_log_snr() - lambda;
        // φ₁ = e^{−h} − 1 and its successors; the plain move above contains −φ₁·D.
        let phi_1 = (-h).exp_m1();
        let phi_2 = phi_1 / h + 1.0;
        let phi_3 = phi_2 / h - 0.5;
        let of_quadratic = match self.quadratic {
            Quadratic::Exact => -2.0 * phi_3,
            Quadratic::Published => -phi_3,
        };
        let moved = match self.history.as_slice() {
            _ if to.is_zero() => plain,
            [] => plain,
            [(sigma_1, before_1)] => {
                let slope = ((&denoised - before_1)? * (h / (lambda - sigma_1.half_log_snr())))?;
                weighted_sum(&[(1.0, &plain), (phi_2, &slope)])?
            }
            [(sigma_1, before_1), (sigma_2, before_2), ..] => {
                let r_0 = (lambda - sigma_1.half_log_snr()) / h;
                let r_1 = (sigma_1.half_log_snr() - sigma_2.half_log_snr()) / h;
                let near = ((&denoised - before_1)? / r_0)?;
                let far = ((before_1 - before_2)? / r_1)?;
                let bend = (&near - far)?;
                let slope = weighted_sum(&[(1.0, &near), (r_0 / (r_0 + r_1), &bend)])?;
                weighted_sum(&[
                    (1.0, &plain),
                    (phi_2, &slope),
                    (of_quadratic / (r_0 + r_1), &bend),
                ])?
            }
        };
        self.history.insert(0, (from, denoised));
        self.history.truncate(2);
        Ok(moved)
    }
}
