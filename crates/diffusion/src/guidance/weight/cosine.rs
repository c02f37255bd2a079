//! `~cosine`: as linear, with flat ends, e(t) = 1 + cos πt.
//! After Wang et al. 2024, arXiv 2404.13040. No cost.

use crate::guidance::text::{Keys, Method, Read};

/// 1 + cos πt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosine;

impl Cosine {
    pub(super) fn at(t: f64) -> f64 {
        1.0 + (std::f64::consts::PI * t).cos()
    }
}

impl Method for Cosine {
    const NAME: &'static str = "cosine";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}
