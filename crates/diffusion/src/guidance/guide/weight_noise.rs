//! `weight-noise(amount):w`: by the same network with noise on its weights, a degradation in the spirit of Karras et al. 2024, section 5
//! (arXiv 2406.02507), that needs no training.
//!
//! Cost: one evaluation of the network. The caller supplies the perturbed network.

use crate::guidance::text::{Allowed, Keys, Method, Read, number};

/// The same network with noisy weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightNoise {
    /// Standard deviation of the noise, relative to the weights' root mean square.
    pub amount: f64,
}

impl Method for WeightNoise {
    const NAME: &'static str = "weight-noise";
    const KEYS: &'static [&'static str] = &["amount"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            amount: keys.required("amount", Allowed::POSITIVE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.amount)]
    }
}
