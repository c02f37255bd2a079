//! Heun's second-order method with optional churn: the sampler of EDM, EDM2 and autoguidance. Order 2, two
//! evaluations a step, one in the last step to σ = 0.

use candle_core::Tensor;

use super::Sampler;
use crate::{Denoiser, Error, Noise, Result, Sigma};

/// How much fresh noise a step adds before it moves. Karras et al. 2022, Algorithm 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Churn {
    /// `S_churn`, spread over all steps; 0 is deterministic.
    pub amount: f64,
    /// `S_min`: no churn below this noise level.
    pub sigma_min: f64,
    /// `S_max`: no churn above it.
    pub sigma_max: f64,
    /// `S_noise`: standard deviation of the added noise, relative to what the level needs.
    pub inflation: f64,
}

impl Churn {
    /// No churn.
    pub const NONE: Self = Self {
        amount: 0.0,
        sigma_min: 0.0,
        sigma_max: f64::INFINITY,
        inflation: 1.0,
    };

    fn check(&self) -> Result<()> {
        let ordered = self.sigma_min >= 0.0 && self.sigma_min <= self.sigma_max;
        if self.amount >= 0.0
            && self.amount.is_finite()
            && ordered
            && self.inflation >= 0.0
            && self.inflation.is_finite()
        {
            return Ok(());
        }
        let allowed = "needs an amount and inflation that are finite and not negative and 0 <= sigma-min <= sigma-max";
        Err(Error::Sampler(format!("churn {allowed}, got {self:?}")))
    }
}

/// The trapezoidal rule on (x − D)/σ.
#[derive(Debug, Clone, Copy)]
pub struct Heun {
    churn: Churn,
    /// `min(S_churn/N, √2 − 1)`.
    growth: f64,
}

impl Heun {
    /// Deterministic.
    pub fn new() -> Self {
        Self {
            churn: Churn::NONE,
            growth: 0.0,
        }
    }

    /// With churn, for a trajectory of `steps` steps.
    pub fn with_churn(churn: Churn, steps: usize) -> Result<Self> {
        churn.check()?;
        Ok(Self {
            churn,
            growth: (churn.amount / steps as f64).min(std::f64::consts::SQRT_2 - 1.0),
        })
    }

    /// Raises the noise level of `x`. Noise is drawn only if there is churn at this level, as the reference does.
    fn add_churn(&self, x: Tensor, from: Sigma, noise: &mut Noise) -> Result<(Tensor, Sigma)> {
        let inside = self.churn.sigma_min <= from.get() && from.get() <= self.churn.sigma_max;
        if self.growth <= 0.0 || !inside {
            return Ok((x, from));
        }
        let raised = Sigma::new(from.get() * (1.0 + self.growth))?;
        let added = (raised.get().powi(2) - from.get().powi(2)).sqrt() * self.churn.inflation;
        Ok(((&x + (noise.normal_like(&x)? * added)?)?, raised))
    }
}

impl Default for Heun {
    fn default() -> Self {
        Self::new()
    }
}

impl Sampler for Heun {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        let (x, from) = self.add_churn(x, from, noise)?;
        let slope = ((&x - denoiser.denoise(&x, from)?)? / from.get())?;
        let move_by = to.get() - from.get();
        let euler = (&x + (&slope * move_by)?)?;
        if to.is_zero() {
            return Ok(euler);
        }
        let slope_there = ((&euler - denoiser.denoise(&euler, to)?)? / to.get())?;
        Ok((&x + ((slope + slope_there)? * (0.5 * move_by))?)?)
    }
}
