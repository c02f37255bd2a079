//! `dynamic-threshold(percentile,max,cap)`: dynamic thresholding. Saharia et al. 2022, arXiv 2205.11487: clamp(D, −s, s)/s, where s of an
//! image is the quantile of its absolute values, but at least `max`.
//!
//! For pixels in [−1, 1], not for latents. Defaults are DPM-Solver's, 0.995 and 1; DeepFloyd IF's first stage is
//! `dynamic-threshold(percentile=0.95,max=1,cap=1.5)`, with s at most 1.5. Quantiles lie between neighbours linearly, as
//! torch's and numpy's do. It acts on unguided estimates as well.

use candle_core::Tensor;

use crate::{
    Result,
    guidance::{
        images::{Factor, measure, scaled},
        text::{Allowed, Keys, Method, Read, number},
    },
};

/// The range of pixels, by squeezing what lies beyond it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DynamicThreshold {
    /// Which quantile, in [0, 1]; 0.995 by default.
    pub percentile: f64,
    /// The least s; 1 by default.
    pub max: f64,
    /// The largest s, at least `max`; none by default.
    pub cap: f64,
}

impl Method for DynamicThreshold {
    const NAME: &'static str = "dynamic-threshold";
    const KEYS: &'static [&'static str] = &["percentile", "max", "cap"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        let threshold = Self {
            percentile: keys.number("percentile", 0.995, Allowed::SHARE)?,
            max: keys.number("max", 1.0, Allowed::POSITIVE)?,
            cap: keys.number("cap", f64::INFINITY, Allowed::POSITIVE_OR_INFINITE)?,
        };
        if threshold.cap < threshold.max {
            let Self { max, cap, .. } = threshold;
            return Err(keys.fail(format!("cap must not be below max, found {cap} and {max}")));
        }
        Ok(threshold)
    }

    fn values(&self) -> Vec<String> {
        [self.percentile, self.max, self.cap].map(number).into()
    }
}

impl DynamicThreshold {
    pub(super) fn apply(self, guided: &Tensor) -> Result<Tensor> {
        let shrink = measure(guided, |values| {
            for value in values.iter_mut() {
                *value = value.abs();
            }
            1.0 / quantile(values, self.percentile).clamp(self.max, self.cap)
        })?;
        Ok(scaled(guided, &Factor::Each(shrink))?.clamp(-1.0, 1.0)?)
    }
}

/// The quantile of one or more numbers, which are put in another order.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    let place = share * (values.len() - 1) as f64;
    let (_, low, above) = values.select_nth_unstable_by(place as usize, f64::total_cmp);
    let next = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*low);
    *low + (next - *low) * place.fract()
}
