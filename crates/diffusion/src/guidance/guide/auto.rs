//! `auto:w`: autoguidance, by a smaller or less trained version of the network with the same condition.
//! Karras et al. 2024, arXiv 2406.02507: D = D_g + w·(D_m − D_g). Published weights are 1.7 to 2.9.
//!
//! Cost: one evaluation of the guide. The caller supplies it.

use crate::guidance::text::{Keys, Method, Read};

/// Another, weaker network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auto;

impl Method for Auto {
    const NAME: &'static str = "auto";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}
