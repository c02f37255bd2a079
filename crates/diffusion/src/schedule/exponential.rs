//! Noise levels evenly spaced in ln σ, the natural spacing of DPM-Solver (uniform λ).

use super::{Schedule, Time, check_range, check_steps, fractions, known};
use crate::{NoiseLevels, Result, Sigma};

/// σ(u) = σ_min (σ_max/σ_min)^u for u in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exponential {
    sigma_min: f64,
    sigma_max: f64,
}

impl Exponential {
    /// Checks the range.
    pub fn new(sigma_min: f64, sigma_max: f64) -> Result<Self> {
        check_range("exponential", sigma_min, sigma_max)?;
        Ok(Self {
            sigma_min,
            sigma_max,
        })
    }

    /// `steps` levels from σ_max to σ_min, then 0.
    pub fn levels(&self, steps: usize) -> Result<NoiseLevels> {
        check_steps("exponential", steps)?;
        NoiseLevels::ending_at_zero(
            fractions(steps).map(|fraction| self.sigma_from_time(Time(1.0 - fraction)).get()),
        )
    }

    /// `steps` moves from σ_max to σ_min, without a last one to 0.
    pub fn levels_above_zero(&self, steps: usize) -> Result<NoiseLevels> {
        check_steps("exponential", steps)?;
        NoiseLevels::new(
            fractions(steps + 1)
                .map(|fraction| self.sigma_from_time(Time(1.0 - fraction)))
                .collect(),
        )
    }
}

impl Schedule for Exponential {
    fn sigma_from_time(&self, Time(time): Time) -> Sigma {
        known(self.sigma_min * (self.sigma_max / self.sigma_min).powf(time.clamp(0.0, 1.0)))
    }

    fn time_from_sigma(&self, sigma: Sigma) -> Time {
        let fraction = (sigma.get() / self.sigma_min).ln() / (self.sigma_max / self.sigma_min).ln();
        Time(fraction.clamp(0.0, 1.0))
    }
}
