//! `~power(exponent)`: steeper or flatter than linear, e(t) = (p + 1)·(1 − t)ᵖ; p = 1 is `linear`, p = 0 a constant. No cost.

use crate::guidance::text::{Allowed, Keys, Method, Read, number};

/// (p + 1)·(1 − t)ᵖ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    /// p, not negative.
    pub exponent: f64,
}

impl Power {
    pub(super) fn at(self, t: f64) -> f64 {
        (self.exponent + 1.0) * (1.0 - t).powf(self.exponent)
    }
}

impl Method for Power {
    const NAME: &'static str = "power";
    const KEYS: &'static [&'static str] = &["exponent"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            exponent: keys.required("exponent", Allowed::NOT_NEGATIVE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.exponent)]
    }
}
