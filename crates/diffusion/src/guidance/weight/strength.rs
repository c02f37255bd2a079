//! The weight of a term as text has it: a number, a schedule, an interval.

use super::{Interval, Schedule};
use crate::{Sigma, guidance::text::number};

/// `4~linear@0.2..5/evaluation`.
#[derive(Debug, Clone, PartialEq)]
pub struct Strength {
    /// w, with 1 for no guidance; of a classifier the scale s, with 0 for none.
    pub value: f64,
    /// How it follows the noise level; `None` is the same everywhere.
    pub schedule: Option<Schedule>,
    /// Where guidance acts; `None` is everywhere.
    pub interval: Option<Interval>,
}

impl Strength {
    /// How far the weight is from `neutral` in an evaluation at `sigma` inside a step that starts at `step`: w(σ) − 1, or
    /// s(σ). `None` outside the interval.
    pub(in crate::guidance) fn excess(
        &self,
        neutral: f64,
        sigma: Sigma,
        step: Sigma,
    ) -> Option<f64> {
        let outside = |interval: Interval| !interval.acts(sigma, step);
        if self.interval.is_some_and(outside) {
            return None;
        }
        let schedule = self.schedule.as_ref();
        let envelope = schedule.map_or(1.0, |schedule| schedule.at(sigma));
        Some((self.value - neutral) * envelope)
    }
}

impl std::fmt::Display for Strength {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&number(self.value))?;
        if let Some(schedule) = &self.schedule {
            write!(formatter, "~{schedule}")?;
        }
        match &self.interval {
            Some(interval) => write!(formatter, "@{interval}"),
            None => Ok(()),
        }
    }
}
