//! From what networks and autoencoders make to pixels of 8 bits, the only place where they are rounded, and back.
//!
//! EDM2 rounds in two ways, by truncating both times: networks on pixels work in [−1, 1], and half a step is added; the
//! autoencoder of its latent networks works in [0, 1], and 255 levels of 256 are as wide as a step
//! (`training/encoders.py`).

use candle_core::{DType, Tensor};

use crate::{Encoder, Error, Result};

/// One image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub height: usize,
    /// In pixels.
    pub width: usize,
    /// 3 for colours.
    pub channels: usize,
    /// `[height, width, channels]`
    pub bytes: Vec<u8>,
    /// How many numbers were NaN; they have become 0.
    pub not_numbers: usize,
}

impl Pixels {
    /// What networks on pixels see of a level: a number in [−1, 1].
    pub fn number(level: u8) -> f32 {
        f32::from(level) / 127.5 - 1.0
    }
}

impl Encoder {
    /// Images `[batch, channels, height, width]` to pixels: a network's own result, or for latents what the autoencoder's decoder
    /// made of it.
    pub fn pixels(&self, images: &Tensor) -> Result<Vec<Pixels>> {
        match self {
            Self::Rgb => pixels(images, from_network),
            Self::Latent(_) => pixels(images, from_decoder),
        }
    }
}

/// Of a number in [−1, 1], at [`Pixels::number`] for each of 256 levels.
fn from_network(value: f32) -> f32 {
    value * 127.5 + 128.0
}

/// Of a number in [0, 1].
fn from_decoder(value: f32) -> f32 {
    value.clamp(0.0, 1.0) * 255.0
}

fn pixels(images: &Tensor, level: fn(f32) -> f32) -> Result<Vec<Pixels>> {
    let [batch, channels, height, width] = *images.dims() else {
        return Err(Error::Input(format!(
            "images {:?} where [batch, channels, height, width] was expected",
            images.dims()
        )));
    };
    let image = |index: usize| -> Result<Pixels> {
        let image = images.get(index)?.to_dtype(DType::F32)?;
        let numbers = image.permute((1, 2, 0))?.flatten_all()?.to_vec1::<f32>()?;
        Ok(Pixels {
            height,
            width,
            channels,
            not_numbers: numbers.iter().filter(|number| number.is_nan()).count(),
            // The conversion truncates, limits to 0…255 and makes 0 of NaN.
            bytes: numbers.iter().map(|&value| level(value) as u8).collect(),
        })
    };
    (0..batch).map(image).collect()
}
