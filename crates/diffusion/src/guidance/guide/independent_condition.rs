//! `icg:w`: independent condition guidance, by the same network with a random other class, for networks that were never trained
//! without one. Sadat et al. 2024, arXiv 2407.02687, in the form of classifier-free guidance.
//!
//! Cost: one evaluation of the network. The caller draws the classes, each from its image's own stream.

use crate::guidance::text::{Keys, Method, Read};

/// The same network with a random other class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndependentCondition;

impl Method for IndependentCondition {
    const NAME: &'static str = "icg";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}
