//! Networks that were only ever told whole time steps.

use super::{Schedule, Time};
use crate::Sigma;

/// A schedule whose times are rounded to the nearest whole step, for networks with a table of time embeddings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantised<S>(pub S);

impl<S: Schedule> Schedule for Quantised<S> {
    fn sigma_from_time(&self, time: Time) -> Sigma {
        self.0.sigma_from_time(Time(time.0.round_ties_even()))
    }

    fn time_from_sigma(&self, sigma: Sigma) -> Time {
        Time(self.0.time_from_sigma(sigma).0.round_ties_even())
    }
}
