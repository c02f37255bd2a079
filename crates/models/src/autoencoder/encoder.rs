//! From images to the distribution of their latents.

use candle_core::{DType, Device, Tensor};

use super::{
    Config,
    sequence::{Half, Sequence},
};
use crate::{Error, Result, Weights};

/// The autoencoder's first half. Not to be confused with [`crate::Encoder`], which says what a network's tensors mean.
#[derive(Debug)]
pub struct Encoder {
    config: Config,
    sequence: Sequence,
}

/// The distribution of an image's latents: normal and independent.
#[derive(Debug, Clone)]
pub struct Moments {
    /// `[batch, latent channels, height, width]` in `f32`.
    pub mean: Tensor,
    /// log σ², of the mean's shape.
    pub log_variance: Tensor,
}

/// Limits of the logarithm of the variance, as published.
const LOG_VARIANCE: (f64, f64) = (-30.0, 20.0);

impl Encoder {
    /// Packs the encoder of a file, in any published layout; the decoder may be absent. Computes in `dtype`.
    pub fn new(weights: &Weights, config: &Config, dtype: DType, device: &Device) -> Result<Self> {
        config.check()?;
        let half = Half {
            config,
            steps: config.encoder_steps(),
            other: ["decoder.", "post_quant_conv."],
        };
        Ok(Self {
            config: config.clone(),
            sequence: half.pack(weights, dtype, device)?,
        })
    }

    /// Its sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Images `[batch, image channels, height, width]`, of at least 8×8 pixels; sides that are no multiples of 8 lose the rest.
    /// The range of pixels is whatever the user of the latents expects (see the [module](super)).
    pub fn encode(&self, images: &Tensor) -> Result<Moments> {
        let (channels, scale) = (self.config.image_channels, self.config.scale());
        match *images.dims() {
            [batch, found, height, width]
                if found == channels && batch > 0 && height.min(width) >= scale =>
            {
                self.moments(&self.sequence.forward(images)?)
            }
            ref found => Err(Error::Input(format!(
                "images {found:?} where [batch, {channels}, height, width] of at least {scale}×{scale} pixels was expected"
            ))),
        }
    }

    fn moments(&self, both: &Tensor) -> Result<Moments> {
        let channels = self.config.latent_channels;
        let (low, high) = LOG_VARIANCE;
        Ok(Moments {
            mean: both.narrow(1, 0, channels)?.contiguous()?,
            log_variance: both.narrow(1, channels, channels)?.clamp(low, high)?,
        })
    }
}

impl Moments {
    /// σ, of the mean's shape. EDM2's data sets store it beside the mean.
    pub fn deviation(&self) -> Result<Tensor> {
        Ok((&self.log_variance * 0.5)?.exp()?)
    }

    /// μ + σ · noise, with standard normal noise of the mean's shape.
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        Ok((&self.mean + (self.deviation()? * noise)?)?)
    }
}
