//! Samplers: one move from one noise level to the next, one file each, and the only loop.
//!
//! All are written in variance-exploding coordinates, where a sampler for variance-preserving states loses its
//! scale factors: x_t/√ᾱ is x, s/a is σ, and λ = −ln σ. A move to σ = 0 ends on the denoised image.

mod choice;
mod ddim;
mod ddpm;
mod dpm_solver;
mod dpm_solver_pp_2m;
mod dpm_solver_pp_2m_sde;
mod dpm_solver_pp_2s;
mod dpm_solver_pp_3m;
mod euler;
mod euler_ancestral;
mod heun;
mod trajectory;

pub use choice::SamplerChoice;
pub use ddim::Ddim;
pub use ddpm::{Ddpm, Variance};
pub use dpm_solver::DpmSolver;
pub use dpm_solver_pp_2m::DpmSolverPp2m;
pub use dpm_solver_pp_2m_sde::DpmSolverPp2mSde;
pub use dpm_solver_pp_2s::DpmSolverPp2s;
pub use dpm_solver_pp_3m::{DpmSolverPp3m, Quadratic};
pub use euler::Euler;
pub use euler_ancestral::EulerAncestral;
pub use heun::{Churn, Heun};
pub use trajectory::{Observer, Silent, Step, sample};

use candle_core::Tensor;

use crate::{Denoiser, Error, Estimate, Noise, Result, Sigma};

/// One move from one noise level to the next. The memory of multistep methods lives in `self`, for one trajectory.
pub trait Sampler {
    /// The state at `to`, from the state `x` `[batch, channels, height, width]` at `from`.
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        noise: &mut Noise,
    ) -> Result<Tensor>;

    /// Whether it computes the noise from [`Estimate::noise_from`]: whether it has a form of CFG++. A trajectory of a denoiser that
    /// needs one is refused by the others.
    fn splits(&self) -> bool {
        false
    }
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        (**self).step(denoiser, x, from, to, noise)
    }

    fn splits(&self) -> bool {
        (**self).splits()
    }
}

/// Σ factor·tensor, of one or more terms.
fn weighted_sum(terms: &[(f64, &Tensor)]) -> Result<Tensor> {
    let (&(factor, tensor), rest) = terms.split_first().expect("a sampler's formula has terms");
    let mut sum = (tensor * factor)?;
    for &(factor, tensor) in rest {
        sum = (sum + (tensor * factor)?)?;
    }
    Ok(sum)
}

/// The first-order move (Euler, DDIM, DPM-Solver-1 are this one): the noise of x is scaled down, (σ'/σ)·(x − D) + D.
fn first_order(x: &Tensor, denoised: &Tensor, from: Sigma, to: Sigma) -> Result<Tensor> {
    let ratio = to.get() / from.get();
    weighted_sum(&[(ratio, x), (1.0 - ratio, denoised)])
}

/// The same with the noise of another estimate, if there is one: D + (σ'/σ)·(x − D_noise). Chung et al. 2024 (CFG++), Algorithm 2.
fn first_order_split(x: &Tensor, estimate: &Estimate, from: Sigma, to: Sigma) -> Result<Tensor> {
    match &estimate.noise_from {
        None => first_order(x, &estimate.clean, from, to),
        Some(noise_from) => {
            let ratio = to.get() / from.get();
            weighted_sum(&[(1.0, &estimate.clean), (ratio, x), (-ratio, noise_from)])
        }
    }
}

/// η of the samplers whose noise may exceed that of the posterior.
fn check_eta(eta: f64) -> Result<f64> {
    if eta >= 0.0 && eta.is_finite() {
        return Ok(eta);
    }
    Err(Error::Sampler(format!(
        "eta must be finite and not negative, got {eta}"
    )))
}
