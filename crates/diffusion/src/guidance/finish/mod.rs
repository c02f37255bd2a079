//! What is done to the whole guided estimate, in the order written, one file each. No cost in evaluations.

mod dynamic_threshold;
mod rescale;
mod threshold;

pub use dynamic_threshold::DynamicThreshold;
pub use rescale::Rescale;
pub use threshold::Threshold;

use candle_core::Tensor;

use super::text::methods;
use crate::Result;

methods! {
    /// A finish.
    Finish {
        /// `rescale(share)`
        Rescale(Rescale),
        /// `threshold(max)`
        Threshold(Threshold),
        /// `dynamic-threshold(percentile,max,cap)`
        DynamicThreshold(DynamicThreshold),
    }
}

impl Finish {
    /// The finished estimate, in the shape of both.
    pub(super) fn apply(&self, strong: &Tensor, guided: &Tensor) -> Result<Tensor> {
        match self {
            Self::Rescale(rescale) => rescale.apply(strong, guided),
            Self::Threshold(threshold) => threshold.apply(guided),
            Self::DynamicThreshold(threshold) => threshold.apply(guided),
        }
    }
}
