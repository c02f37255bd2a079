//! Schedules: which noise levels exist, which ones a sampler visits, and what time a network is told for each.
//!
//! A schedule is a monotone map between its own time and σ. Time grows with noise in all of them; its range and
//! unit are the schedule's own, so that published networks receive the numbers they were trained with.

mod discrete;
mod exponential;
mod karras;
mod quantised;
mod spacing;
mod variance_preserving;
mod wuerstchen;

pub use discrete::Discrete;
pub use exponential::Exponential;
pub use karras::Karras;
pub use quantised::Quantised;
pub use spacing::{Sections, leading, linspace, respaced, trailing};
pub use variance_preserving::VariancePreserving;
pub use wuerstchen::Wuerstchen;

use crate::{Error, Result, Sigma};

/// A time in a schedule's own unit.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Time(pub f64);

/// A monotone map between time and noise level.
pub trait Schedule {
    /// The noise level at a time; times outside the schedule's range count as its nearest end.
    fn sigma_from_time(&self, time: Time) -> Sigma;

    /// The time of a noise level; levels outside the schedule's range count as its nearest end.
    fn time_from_sigma(&self, sigma: Sigma) -> Time;
}

impl<S: Schedule + ?Sized> Schedule for &S {
    fn sigma_from_time(&self, time: Time) -> Sigma {
        (**self).sigma_from_time(time)
    }

    fn time_from_sigma(&self, sigma: Sigma) -> Time {
        (**self).time_from_sigma(sigma)
    }
}

/// A noise level that the schedule's own constructor has shown to be finite and not negative.
fn known(sigma: f64) -> Sigma {
    Sigma::new(sigma).expect("the schedule's parameters were checked when it was made")
}

fn check_range(schedule: &'static str, sigma_min: f64, sigma_max: f64) -> Result<()> {
    if sigma_min > 0.0 && sigma_min < sigma_max && sigma_max.is_finite() {
        return Ok(());
    }
    let problem = format!("needs 0 < sigma-min < sigma-max, got {sigma_min} and {sigma_max}");
    Err(Error::Schedule { schedule, problem })
}

fn check_steps(schedule: &'static str, steps: usize) -> Result<()> {
    if steps > 0 {
        return Ok(());
    }
    Err(Error::Schedule {
        schedule,
        problem: "needs at least 1 step".into(),
    })
}

/// `count` numbers from 0 to 1, evenly spaced; a single one is 0.
fn fractions(count: usize) -> impl Iterator<Item = f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(move |index| index as f64 / last)
}
