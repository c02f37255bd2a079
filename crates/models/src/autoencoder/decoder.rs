//! From latents to images.

use candle_core::{DType, Device, Tensor};

use super::{
    Config,
    sequence::{Half, Sequence},
};
use crate::{Error, Result, Weights};

/// The autoencoder's second half.
#[derive(Debug)]
pub struct Decoder {
    config: Config,
    sequence: Sequence,
}

impl Decoder {
    /// Packs the decoder of a file, in any published layout; the encoder may be absent. Computes in `dtype`.
    pub fn new(weights: &Weights, config: &Config, dtype: DType, device: &Device) -> Result<Self> {
        config.check()?;
        let half = Half {
            config,
            steps: config.decoder_steps(),
            other: ["encoder.", "quant_conv."],
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

    /// Latents `[batch, latent channels, height, width]`, unscaled, to images `[batch, image channels, 8 · height, 8 · width]` in
    /// `f32`, in the range of pixels that the latents were made from and not limited to it. One image is in memory at a time.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        let channels = self.config.latent_channels;
        match *latents.dims() {
            [batch, found, height, width] if found == channels && batch * height * width > 0 => {
                self.sequence.forward(latents)
            }
            ref found => Err(Error::Input(format!(
                "latents {found:?} where [batch, {channels}, height, width] was expected"
            ))),
        }
    }
}
