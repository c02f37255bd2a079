//! Networks that predict the clean image itself.

use super::{Precondition, Scaling};
use crate::{Sigma, schedule::Schedule};

/// D = F(x_t, t) with x_t = x/√(σ² + 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clean<S> {
    /// Gives the time that belongs to σ.
    pub schedule: S,
}

impl<S: Schedule> Precondition for Clean<S> {
    fn scaling(&self, sigma: Sigma) -> Scaling {
        let c_noise = self.schedule.time_from_sigma(sigma).0;
        Scaling {
            c_skip: 0.0,
            c_out: 1.0,
            c_in: sigma.alpha_bar().sqrt(),
            c_noise,
        }
    }
}
