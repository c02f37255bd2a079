//! Networks that predict the noise ε: DDPM, ADM, GLIDE, IF, Stable Diffusion, Würstchen.

use super::{Precondition, Scaling};
use crate::{Sigma, schedule::Schedule};

/// D = x − σ·ε(x_t, t) with x_t = x/√(σ² + 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epsilon<S> {
    /// Gives the time that belongs to σ.
    pub schedule: S,
}

impl<S: Schedule> Precondition for Epsilon<S> {
    fn scaling(&self, sigma: Sigma) -> Scaling {
        Scaling {
            c_skip: 1.0,
            c_out: -sigma.get(),
            c_in: sigma.alpha_bar().sqrt(),
            c_noise: self.schedule.time_from_sigma(sigma).0,
        }
    }
}
