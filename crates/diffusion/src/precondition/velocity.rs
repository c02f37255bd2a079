//! Networks that predict v = √ᾱ·ε − √(1−ᾱ)·x₀. Salimans & Ho 2022; Stable Diffusion 2 at 768 pixels.

use super::{Precondition, Scaling};
use crate::{Sigma, schedule::Schedule};

/// D = √ᾱ·x_t − √(1−ᾱ)·v(x_t, t), where √ᾱ·x_t = ᾱ·x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Velocity<S> {
    /// Gives the time that belongs to σ.
    pub schedule: S,
}

impl<S: Schedule> Precondition for Velocity<S> {
    fn scaling(&self, sigma: Sigma) -> Scaling {
        let c_in = sigma.alpha_bar().sqrt();
        Scaling {
            c_skip: sigma.alpha_bar(),
            c_out: -sigma.get() * c_in,
            c_in,
            c_noise: self.schedule.time_from_sigma(sigma).0,
        }
    }
}
