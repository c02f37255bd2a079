//! `mambo(alpha)`: MAMBO-G, less guidance where the difference is large. arXiv 2508.03442.
//!
//! w → 1 + (w − 1)·exp(−α·‖Δ‖/‖D_u‖) for each image; published: w 10, α 8. In D. No cost.

use super::{Addition, Evaluation, Shaping};
use crate::{
    Result,
    guidance::{
        images::{Factor, count, dot},
        text::{Allowed, Keys, Method, Read, number},
    },
};

/// A factor that falls with the difference's relative size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mambo {
    /// α, not negative; 8 by default.
    pub alpha: f64,
}

impl Method for Mambo {
    const NAME: &'static str = "mambo";
    const KEYS: &'static [&'static str] = &["alpha"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            alpha: keys.number("alpha", 8.0, Allowed::NOT_NEGATIVE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.alpha)]
    }
}

impl Shaping for Mambo {
    fn shape(&mut self, addition: Addition, at: &Evaluation<'_>) -> Result<Addition> {
        let Addition { difference, factor } = addition;
        let weak = (at.strong - &difference)?;
        let (sizes, weak_sizes) = (dot(&difference, &difference)?, dot(&weak, &weak)?);
        let damping = sizes
            .iter()
            .zip(&weak_sizes)
            .map(|(size, weak)| match *size {
                0.0 => 1.0,
                size => (-self.alpha * (size / weak).sqrt()).exp(),
            });
        let damping = Factor::Each(damping.collect());
        Ok(Addition {
            factor: factor.times(&damping, count(&difference)),
            difference,
        })
    }
}
