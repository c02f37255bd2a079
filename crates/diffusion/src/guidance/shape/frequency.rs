//! `fdg(low,high,levels)`: frequency-decoupled guidance. Sadat et al. 2025, arXiv 2506.19713.
//!
//! The weight w_k = 1 + share_k·(w − 1) of level k of a Laplacian pyramid: `high` is the share of the finest level, `low` that of the
//! coarsest, those between are evenly spaced. A pyramid is linear, so it is the difference that is decomposed, and ε- and
//! v-space give the same. SDXL's published weights 10 and 5, high to low, are `cfg:10,fdg(low=0.4444444444444444)`.
//!
//! Levels are halved as far as an image has pixels; at 1×1 all is the coarsest level. On the CPU, in f64; no evaluations.

use super::{Addition, Evaluation, Shaping};
use crate::{
    Result,
    guidance::{
        images::weighted_levels,
        text::{Allowed, Keys, Method, Read, number},
    },
};

/// A weight for each range of frequencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrequencyDecoupled {
    /// The share of w − 1 at the lowest frequencies; 0.5 by default.
    pub low: f64,
    /// The share at the highest; 1 by default.
    pub high: f64,
    /// How many levels, 2 to 8; 2 by default.
    pub levels: usize,
}

impl Method for FrequencyDecoupled {
    const NAME: &'static str = "fdg";
    const KEYS: &'static [&'static str] = &["low", "high", "levels"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            low: keys.number("low", 0.5, Allowed::FINITE)?,
            high: keys.number("high", 1.0, Allowed::FINITE)?,
            levels: keys.count("levels", Some(2), 2..=8)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.low), number(self.high), self.levels.to_string()]
    }
}

impl Shaping for FrequencyDecoupled {
    fn shape(&mut self, addition: Addition, _at: &Evaluation<'_>) -> Result<Addition> {
        let last = self.levels as f64 - 1.0;
        let share = |level: usize| self.high + (self.low - self.high) * level as f64 / last;
        let shares: Vec<f64> = (0..self.levels).map(share).collect();
        Ok(Addition {
            difference: weighted_levels(&addition.difference, &shares)?,
            factor: addition.factor,
        })
    }
}
