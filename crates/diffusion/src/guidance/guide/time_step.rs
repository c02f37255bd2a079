//! `time-step(scale,exponent):w`: time-step guidance, by the same network whose embedding of the noise level is disturbed,
//! e + s·t^α·n with standard normal n. Sadat et al. 2024, arXiv 2407.02687. s and α depend on the model, so they have no default.
//!
//! Cost: one evaluation of the network. The caller supplies the perturbed network, and draws for each image from its own stream.

use crate::guidance::text::{Allowed, Keys, Method, Read, number};

/// The same network, uncertain about the noise level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeStep {
    /// s, positive.
    pub scale: f64,
    /// α, not negative.
    pub exponent: f64,
}

impl Method for TimeStep {
    const NAME: &'static str = "time-step";
    const KEYS: &'static [&'static str] = &["scale", "exponent"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            scale: keys.required("scale", Allowed::POSITIVE)?,
            exponent: keys.required("exponent", Allowed::NOT_NEGATIVE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.scale), number(self.exponent)]
    }
}
