//! The continuous limit of the linear schedule: β(t) linear in t. Song et al. 2021; Karras et al. 2022, Table 1.

use super::{Schedule, Time, check_steps, fractions, known};
use crate::{Error, NoiseLevels, Result, Sigma};

/// σ(t)² = exp(½ β_d t² + β_min t) − 1 for t in [ε, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VariancePreserving {
    beta_range: f64,
    beta_min: f64,
    shortest: f64,
}

impl VariancePreserving {
    /// β_d = 19.9, β_min = 0.1, ε = 1e-3: the values of the "DDPM++" networks.
    pub const PUBLISHED: Self = Self {
        beta_range: 19.9,
        beta_min: 0.1,
        shortest: 1e-3,
    };

    /// From β at both ends and the shortest time ε.
    pub fn new(beta_min: f64, beta_max: f64, shortest: f64) -> Result<Self> {
        let ordered = beta_min > 0.0 && beta_min <= beta_max && beta_max <= 1000.0;
        if !(ordered && shortest > 0.0 && shortest < 1.0) {
            let problem = format!(
                "needs 0 < beta-min <= beta-max <= 1000 and a shortest time in (0, 1), got {beta_min}, {beta_max}, {shortest}"
            );
            return Err(Error::Schedule {
                schedule: "variance-preserving",
                problem,
            });
        }
        Ok(Self {
            beta_range: beta_max - beta_min,
            beta_min,
            shortest,
        })
    }

    /// `steps` levels at times evenly spaced from 1 to ε, then 0.
    pub fn levels(&self, steps: usize) -> Result<NoiseLevels> {
        check_steps("variance-preserving", steps)?;
        let time = |fraction| Time(1.0 + fraction * (self.shortest - 1.0));
        NoiseLevels::ending_at_zero(
            fractions(steps).map(|fraction| self.sigma_from_time(time(fraction)).get()),
        )
    }
}

impl Schedule for VariancePreserving {
    fn sigma_from_time(&self, Time(time): Time) -> Sigma {
        let time = time.clamp(self.shortest, 1.0);
        known(
            (0.5 * self.beta_range * time * time + self.beta_min * time)
                .exp_m1()
                .sqrt(),
        )
    }

    fn time_from_sigma(&self, sigma: Sigma) -> Time {
        // The positive root of ½ β_d t² + β_min t = ln(1 + σ²), in the form that also holds for β_d = 0.
        let log = (sigma.get() * sigma.get()).ln_1p();
        let root = (self.beta_min * self.beta_min + 2.0 * self.beta_range * log).sqrt();
        Time((2.0 * log / (self.beta_min + root)).clamp(self.shortest, 1.0))
    }
}
