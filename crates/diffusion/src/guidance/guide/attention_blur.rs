//! `attention-blur(sigma):w`: smoothed-energy guidance, by the same network with the queries of its self-attention blurred over the
//! image. Hong 2024, arXiv 2408.00760. The paper's scale 3 is w = 4 here. `sigma=inf` gives every pixel the mean query.
//!
//! The paper perturbs the unconditional branch; what is perturbed here is whatever the caller makes of its network.
//! Cost: one evaluation of the network. The caller supplies the perturbed network.

use crate::guidance::text::{Allowed, Keys, Method, Read, number};

/// The same network with blurred queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionBlur {
    /// Standard deviation of the blur in pixels of the attention's own resolution; 100 by default, and may be infinite.
    pub sigma: f64,
}

impl Method for AttentionBlur {
    const NAME: &'static str = "attention-blur";
    const KEYS: &'static [&'static str] = &["sigma"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            sigma: keys.number("sigma", 100.0, Allowed::POSITIVE_OR_INFINITE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.sigma)]
    }
}
