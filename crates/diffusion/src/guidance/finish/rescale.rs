//! `rescale(share)`: the contrast of the strong estimate. Lin et al. 2023, arXiv 2305.08891: D·(1 + φ·(std(D_m)/std(D) − 1)), φ = 0.7 by
//! default.
//!
//! Standard deviations are of one image, all channels and pixels. They are D's; published programs use whatever their network predicts, ε
//! or v, whose deviations hardly change. Unguided estimates pass unchanged.

use candle_core::Tensor;

use crate::{
    Result,
    guidance::{
        images::{Factor, measure, scaled},
        text::{Allowed, Keys, Method, Read, number},
    },
};

/// The strong estimate's standard deviation, or a part of the way to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rescale {
    /// φ in [0, 1]; 0.7 by default.
    pub share: f64,
}

impl Method for Rescale {
    const NAME: &'static str = "rescale";
    const KEYS: &'static [&'static str] = &["share"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            share: keys.number("share", 0.7, Allowed::SHARE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.share)]
    }
}

impl Rescale {
    pub(super) fn apply(self, strong: &Tensor, guided: &Tensor) -> Result<Tensor> {
        let pairs = deviations(strong)?.into_iter().zip(deviations(guided)?);
        let factors = pairs.map(|(strong, guided)| {
            // A flat image has no contrast to restore.
            let ratio = if guided > 0.0 { strong / guided } else { 1.0 };
            1.0 + self.share * (ratio - 1.0)
        });
        scaled(guided, &Factor::Each(factors.collect()))
    }
}

/// The standard deviation of each image.
fn deviations(images: &Tensor) -> Result<Vec<f64>> {
    measure(images, |values| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>();
        (squares / count).sqrt()
    })
}
