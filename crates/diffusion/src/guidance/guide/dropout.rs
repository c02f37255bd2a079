//! `dropout(p):w`: in-situ autoguidance, by the same network with dropout left on. arXiv 2510.17136, with p = 0.1 and w about 3; Karras
//! et al. 2024 (arXiv 2406.02507), section 5, guides a network that suffers from dropout by one that suffers from more.
//!
//! Cost: one evaluation of the network. The caller supplies the perturbed network, and draws for each image from its own stream.

use crate::guidance::text::{Allowed, Keys, Method, Read, number};

/// The same network with some activations left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// The probability with which an activation is left out; 0.1 by default.
    pub probability: f64,
}

impl Method for Dropout {
    const NAME: &'static str = "dropout";
    const KEYS: &'static [&'static str] = &["p"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            probability: keys.number("p", 0.1, Allowed::SHARE_BELOW_ONE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.probability)]
    }
}
