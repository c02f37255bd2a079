//! DPM-Solver, single-step, orders 1 to 3: exponential integrators of the noise prediction. Lu et al. 2022,
//! Algorithms 1 and 2 and Eq. 4.1. A move to σ = 0, where λ is infinite, is made with order 1.

use candle_core::Tensor;

use super::{Sampler, first_order, weighted_sum};
use crate::{Denoiser, Noise, Result, Sigma};

/// As many evaluations a step as its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DpmSolver {
    /// The same as Euler.
    First,
    /// Midpoint in λ.
    Second,
    /// Inner points at a third and two thirds in λ.
    Third,
}

/// ε(x; σ) = (x − D)/σ.
fn epsilon(denoiser: &mut dyn Denoiser, x: &Tensor, sigma: Sigma) -> Result<Tensor> {
    Ok(((x - denoiser.denoise(x, sigma)?)? / sigma.get())?)
}

/// The level a share of the way from one to the other in λ.
fn between(from: Sigma, to: Sigma, share: f64) -> Result<Sigma> {
    Sigma::new(from.get() * (to.get() / from.get()).powf(share))
}

impl Sampler for DpmSolver {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        _noise: &mut Noise,
    ) -> Result<Tensor> {
        if to.is_zero() || *self == Self::First {
            let denoised = denoiser.denoise(&x, from)?;
            return first_order(&x, &denoised, from, to);
        }
        let h = to.half_log_snr() - from.half_log_snr();
        let start = epsilon(denoiser, &x, from)?;
        // In these coordinates σ'·(e^h − 1) is σ − σ' wherever it occurs.
        let fall = |level: Sigma| from.get() - level.get();
        if *self == Self::Second {
            let middle = between(from, to, 0.5)?;
            let inner = epsilon(
                denoiser,
                &weighted_sum(&[(1.0, &x), (-fall(middle), &start)])?,
                middle,
            )?;
            return weighted_sum(&[(1.0, &x), (-fall(to), &inner)]);
        }
        let (first, second) = (between(from, to, 1.0 / 3.0)?, between(from, to, 2.0 / 3.0)?);
        let at_first = epsilon(
            denoiser,
            &weighted_sum(&[(1.0, &x), (-fall(first), &start)])?,
            first,
        )?;
        let change = (at_first - &start)?;
        // φ₂(z)·z²-type term: σ·((e^z − 1)/z − 1) for z = share·h.
        let second_order = |level: Sigma, z: f64| fall(level) / z - level.get();
        let inner = weighted_sum(&[
            (1.0, &x),
            (-fall(second), &start),
            (-2.0 * second_order(second, 2.0 / 3.0 * h), &change),
        ])?;
        let change = (epsilon(denoiser, &inner, second)? - &start)?;
        weighted_sum(&[
            (1.0, &x),
            (-fall(to), &start),
            (-1.5 * second_order(to, h), &change),
        ])
    }
}
