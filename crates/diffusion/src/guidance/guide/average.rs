//! `ema(std):w`: by the same network averaged over another length of its training. Karras et al. 2024, arXiv 2406.02507, whose guides
//! also have averages of their own (0.07 for the main network and 0.125 for the guide, in one of its presets).
//!
//! Cost: one evaluation of the network. The caller supplies the other average.

use crate::guidance::text::{Allowed, Keys, Method, Read, number};

/// Another average of the same training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Average {
    /// The power-function average's relative standard deviation.
    pub deviation: f64,
}

impl Method for Average {
    const NAME: &'static str = "ema";
    const KEYS: &'static [&'static str] = &["std"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            deviation: keys.required("std", Allowed::POSITIVE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.deviation)]
    }
}
