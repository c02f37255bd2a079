//! `~beta(a,b)`: guidance in the middle of the trajectory, e(t) = tᵃ⁻¹·(1 − t)ᵇ⁻¹/B(a, b), the density of the beta distribution.
//! β-CFG, arXiv 2502.10574. No cost.
//!
//! a and b are at least 1: below that the weight is infinite at an end.

use crate::guidance::text::{Allowed, Keys, Method, Read, number};

/// tᵃ⁻¹·(1 − t)ᵇ⁻¹/B(a, b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    /// a: large keeps guidance away from the image.
    pub a: f64,
    /// b: large keeps guidance away from pure noise.
    pub b: f64,
}

impl Beta {
    pub(super) fn at(self, t: f64) -> f64 {
        let Self { a, b } = self;
        let scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
        scale.exp() * t.powf(a - 1.0) * (1.0 - t).powf(b - 1.0)
    }
}

impl Method for Beta {
    const NAME: &'static str = "beta";
    const KEYS: &'static [&'static str] = &["a", "b"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            a: keys.required("a", Allowed::AT_LEAST_ONE)?,
            b: keys.required("b", Allowed::AT_LEAST_ONE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.a), number(self.b)]
    }
}
