//! `threshold(max)`: static thresholding, clamp(D, −max, max). Saharia et al. 2022, arXiv 2205.11487; max is 1 by default, for pixels in
//! [−1, 1]. It acts on unguided estimates as well.

use candle_core::Tensor;

use crate::{
    Result,
    guidance::text::{Allowed, Keys, Method, Read, number},
};

/// Nothing beyond the range of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The largest absolute value; 1 by default.
    pub max: f64,
}

impl Method for Threshold {
    const NAME: &'static str = "threshold";
    const KEYS: &'static [&'static str] = &["max"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            max: keys.number("max", 1.0, Allowed::POSITIVE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.max)]
    }
}

impl Threshold {
    pub(super) fn apply(self, guided: &Tensor) -> Result<Tensor> {
        Ok(guided.clamp(-self.max, self.max)?)
    }
}
