//! Würstchen's continuous cosine schedule with its clamps. Pernias et al. 2023; the state it ends on keeps
//! ᾱ = 0.9999 and is used as it is.

use super::{Schedule, Time, known};
use crate::{Error, NoiseLevels, Result, Sigma};

/// ᾱ(t) = cos²((t + s)/(1 + s) · π/2) / cos²(s/(1 + s) · π/2), clamped to [1e-4, 0.9999], s = 0.008, t in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wuerstchen;

impl Wuerstchen {
    const SHIFT: f64 = 0.008;
    const ALPHA_BAR_MIN: f64 = 1e-4;
    const ALPHA_BAR_MAX: f64 = 0.9999;

    /// ᾱ(t), clamped.
    pub fn alpha_bar(&self, Time(time): Time) -> f64 {
        let share = Self::angle(time.clamp(0.0, 1.0)).cos() / Self::angle(0.0).cos();
        (share * share).clamp(Self::ALPHA_BAR_MIN, Self::ALPHA_BAR_MAX)
    }

    /// The levels at chosen times, which must go down. The clamp makes all times of a flat end one level: visit
    /// only one of them.
    pub fn levels(&self, times: &[Time]) -> Result<NoiseLevels> {
        if let Some(outside) = times.iter().find(|time| !(0.0..=1.0).contains(&time.0)) {
            let problem = format!("times are in [0, 1], got {}", outside.0);
            return Err(Error::Schedule {
                schedule: "Würstchen",
                problem,
            });
        }
        NoiseLevels::new(
            times
                .iter()
                .map(|&time| self.sigma_from_time(time))
                .collect(),
        )
    }

    fn angle(time: f64) -> f64 {
        (time + Self::SHIFT) / (1.0 + Self::SHIFT) * std::f64::consts::FRAC_PI_2
    }
}

impl Schedule for Wuerstchen {
    fn sigma_from_time(&self, time: Time) -> Sigma {
        let alpha_bar = self.alpha_bar(time);
        known(((1.0 - alpha_bar) / alpha_bar).sqrt())
    }

    fn time_from_sigma(&self, sigma: Sigma) -> Time {
        let alpha_bar = sigma
            .alpha_bar()
            .clamp(Self::ALPHA_BAR_MIN, Self::ALPHA_BAR_MAX);
        let angle = (alpha_bar.sqrt() * Self::angle(0.0).cos()).acos();
        Time(
            (angle / std::f64::consts::FRAC_PI_2 * (1.0 + Self::SHIFT) - Self::SHIFT)
                .clamp(0.0, 1.0),
        )
    }
}
