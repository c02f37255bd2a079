//! Where guidance acts.

use crate::{Error, Result, Sigma, guidance::text::number};

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

    /// When it looks at σ.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Whether guidance acts in an evaluation at `sigma` inside a step that starts at `step`.
    pub(in crate::guidance) fn acts(&self, sigma: Sigma, step: Sigma) -> bool {
        let level = match self.gate {
            Gate::Step => step.get(),
            Gate::Evaluation => sigma.get(),
        };
        self.low < level && level <= self.high
    }
}

/// `low..high`, and the gate if it is not the usual one.
impl std::fmt::Display for Interval {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}..{}", number(self.low), number(self.high))?;
        match self.gate {
            Gate::Step => Ok(()),
            Gate::Evaluation => formatter.write_str("/evaluation"),
        }
    }
}
