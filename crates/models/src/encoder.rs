//! What stands between a network's tensors and pixels.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How a network's images are made from pixels. EDM2, section 2 and `training/encoders.py`'s published constants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Encoder {
    /// The network works on pixels scaled to [−1, 1].
    Rgb,
    /// The network works on whitened latents of the Stable Diffusion autoencoder, which is fed pixels in [0, 1].
    Latent(Whitening),
}

/// Each latent channel of the autoencoder becomes `latent · scale + bias`, of mean 0 and standard deviation 0.5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Whitening {
    /// The autoencoder's published name.
    pub autoencoder: String,
    /// `[channels]`
    pub scale: Vec<f32>,
    /// `[channels]`
    pub bias: Vec<f32>,
}

impl Encoder {
    /// Whether it stands before networks on images of so many channels: pixels are grey or in colours.
    pub fn fits(&self, channels: usize) -> bool {
        match self {
            Self::Rgb => channels == 1 || channels == 3,
            Self::Latent(whitening) => channels == whitening.scale.len(),
        }
    }
}

impl Whitening {
    /// Of the published latent networks: 0.5/σ and −0.5·μ/σ with the mean and deviation of `stabilityai/sd-vae-ft-mse` on
    /// ImageNet.
    pub fn published() -> Self {
        const MEAN: [f32; 4] = [5.81, 3.25, 0.12, -2.15];
        const DEVIATION: [f32; 4] = [4.17, 4.62, 3.71, 3.28];
        let scale = DEVIATION.map(|deviation| 0.5 / deviation);
        let bias = MEAN.iter().zip(scale).map(|(mean, scale)| -mean * scale);
        Self {
            autoencoder: "stabilityai/sd-vae-ft-mse".to_owned(),
            scale: scale.to_vec(),
            bias: bias.collect(),
        }
    }

    /// What the autoencoder decodes of a network's result, `[batch, channels, height, width]`: (x − bias) / scale.
    pub fn latents_from_network(&self, x: &Tensor) -> Result<Tensor> {
        let [scale, bias] = self.constants(x)?;
        Ok(x.broadcast_sub(&bias)?.broadcast_div(&scale)?)
    }

    /// What a network learns of the autoencoder's latents, a fresh sample of their distribution each time:
    /// latents · scale + bias, `[batch, channels, height, width]`.
    pub fn network_from_latents(&self, latents: &Tensor) -> Result<Tensor> {
        let [scale, bias] = self.constants(latents)?;
        Ok(latents.broadcast_mul(&scale)?.broadcast_add(&bias)?)
    }

    /// Scale and bias, shaped to fit `[batch, channels, height, width]`.
    fn constants(&self, x: &Tensor) -> Result<[Tensor; 2]> {
        let channels = self.scale.len();
        match *x.dims() {
            [_, found, _, _] if found == channels && self.bias.len() == channels => {
                let constant = |values: &[f32]| -> Result<Tensor> {
                    let tensor = Tensor::from_slice(values, (1, channels, 1, 1), x.device())?;
                    Ok(tensor.to_dtype(x.dtype())?)
                };
                Ok([constant(&self.scale)?, constant(&self.bias)?])
            }
            ref found => Err(Error::Input(format!(
                "latents {found:?} for a whitening of {channels} scales and {} biases",
                self.bias.len()
            ))),
        }
    }
}
