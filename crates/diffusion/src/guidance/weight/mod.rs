//! How strongly to guide, and where.

mod beta;
mod cosine;
mod interval;
mod linear;
mod power;
mod schedule;
mod strength;

pub use beta::Beta;
pub use cosine::Cosine;
pub use interval::{Gate, Interval};
pub use linear::Linear;
pub use power::Power;
pub use schedule::Schedule;
pub(super) use schedule::time;
pub use strength::Strength;

use crate::{Error, Result, Sigma};

/// The guidance weight w(σ): 1 is no guidance, and outside its interval it is 1.
pub struct Weight {
    value: Box<dyn Fn(Sigma) -> f64>,
    interval: Option<Interval>,
}

impl Weight {
    /// The same weight at every noise level; any finite number.
    pub fn constant(weight: f64) -> Result<Self> {
        if weight.is_finite() {
            return Ok(Self::function(move |_| weight));
        }
        Err(Error::Guidance(format!(
            "weight {weight} is not allowed: it must be a finite number"
        )))
    }

    /// A weight that depends on the noise level.
    pub fn function(weight: impl Fn(Sigma) -> f64 + 'static) -> Self {
        Self {
            value: Box::new(weight),
            interval: None,
        }
    }

    /// Limits it to an interval.
    #[must_use]
    pub fn within(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// w for an evaluation at `sigma` inside a step that starts at `step`.
    pub(super) fn at(&self, sigma: Sigma, step: Sigma) -> f64 {
        let inside = self
            .interval
            .is_none_or(|interval| interval.acts(sigma, step));
        if inside { (self.value)(sigma) } else { 1.0 }
    }
}

impl std::fmt::Debug for Weight {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Weight")
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
