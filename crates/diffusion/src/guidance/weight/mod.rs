//! How strongly to guide, and where.

use crate::{Error, Result, Sigma};

/// When an interval looks at σ. The published programs differ, and so do their samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// Once per step, at the level it starts from: a second-order step is guided in both its evaluations or in
    /// none. The reference code of Kynkäänniemi et al. 2024.
    #[default]
    Step,
    /// At every evaluation, by that evaluation's own σ.
    Evaluation,
}

/// Noise levels (low, high] at which guidance acts. Kynkäänniemi et al. 2024.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    low: f64,
    high: f64,
    gate: Gate,
}

impl Interval {
    /// Checks 0 ≤ low < high; `high` may be infinite.
    pub fn new(low: f64, high: f64, gate: Gate) -> Result<Self> {
        if low >= 0.0 && low < high {
            return Ok(Self { low, high, gate });
        }
        Err(Error::Guidance(format!(
            "interval {low}..{high} is not allowed: it needs 0 <= low < high"
        )))
    }

    /// The open end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The closed end.
    pub fn high(&self) -> f64 {
        self.high
    }

    fn contains(&self, sigma: Sigma) -> bool {
        self.low < sigma.get() && sigma.get() <= self.high
    }
}

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
        let inside = self.interval.is_none_or(|interval| match interval.gate {
            Gate::Step => interval.contains(step),
            Gate::Evaluation => interval.contains(sigma),
        });
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
