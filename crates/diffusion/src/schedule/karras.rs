//! The noise levels of EDM: evenly spaced in σ^(1/ρ). Karras et al. 2022, Eq. 5.

use super::{Schedule, Time, check_range, check_steps, fractions, known};
use crate::{Error, NoiseLevels, Result, Sigma};

/// σ(u) = (σ_min^{1/ρ} + u (σ_max^{1/ρ} − σ_min^{1/ρ}))^ρ for u in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Karras {
    sigma_min: f64,
    sigma_max: f64,
    rho: f64,
}

impl Karras {
    /// Checks the parameters; the paper's defaults are 0.002, 80 and 7.
    pub fn new(sigma_min: f64, sigma_max: f64, rho: f64) -> Result<Self> {
        check_range("Karras", sigma_min, sigma_max)?;
        // Beyond 1000 the levels are those of the exponential schedule to the last digit that f64 carries.
        if !(rho > 0.0 && rho <= 1000.0) {
            let problem = format!("needs 0 < rho <= 1000, got {rho}");
            return Err(Error::Schedule {
                schedule: "Karras",
                problem,
            });
        }
        Ok(Self {
            sigma_min,
            sigma_max,
            rho,
        })
    }

    /// `steps` levels from σ_max to σ_min, then 0.
    pub fn levels(&self, steps: usize) -> Result<NoiseLevels> {
        check_steps("Karras", steps)?;
        NoiseLevels::ending_at_zero(
            fractions(steps).map(|fraction| self.sigma_from_time(Time(1.0 - fraction)).get()),
        )
    }

    fn ends(&self) -> (f64, f64) {
        (
            self.sigma_min.powf(1.0 / self.rho),
            self.sigma_max.powf(1.0 / self.rho),
        )
    }
}

impl Schedule for Karras {
    fn sigma_from_time(&self, Time(time): Time) -> Sigma {
        let (low, high) = self.ends();
        known((low + time.clamp(0.0, 1.0) * (high - low)).powf(self.rho))
    }

    fn time_from_sigma(&self, sigma: Sigma) -> Time {
        let (low, high) = self.ends();
        Time(((sigma.get().powf(1.0 / self.rho) - low) / (high - low)).clamp(0.0, 1.0))
    }
}
