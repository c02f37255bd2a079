//! `bits(n):w`: by the same network with its weights rounded to n bits, a degradation in the spirit of Karras et al. 2024, section 5
//! (arXiv 2406.02507), that needs no training and no random numbers.
//!
//! Cost: one evaluation of the network. The caller supplies the rounded network.

use crate::guidance::text::{Keys, Method, Read};

/// The same network with coarse weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bits {
    /// Bits of a weight, 1 to 16.
    pub count: usize,
}

impl Method for Bits {
    const NAME: &'static str = "bits";
    const KEYS: &'static [&'static str] = &["n"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            count: keys.count("n", None, 1..=16)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![self.count.to_string()]
    }
}
