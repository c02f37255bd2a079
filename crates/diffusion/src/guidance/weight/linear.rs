//! `~linear`: from nothing in pure noise to twice the weight's excess at the image, e(t) = 2·(1 − t).
//! After Wang et al. 2024, arXiv 2404.13040. No cost.

use crate::guidance::text::{Keys, Method, Read};

/// 2·(1 − t).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear;

impl Linear {
    pub(super) fn at(t: f64) -> f64 {
        2.0 * (1.0 - t)
    }
}

impl Method for Linear {
    const NAME: &'static str = "linear";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}
