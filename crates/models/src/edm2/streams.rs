//! Random numbers that belong to an image but are not its noise: streams of their own, so that a perturbation's first draw is not the
//! noise that the image began with.

use candle_core::Tensor;
use foil_diffusion::random::{FoilStream, Stream};

use crate::{Error, Result};

/// What a stream is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Perturbation,
    Class,
    Degradation,
}

impl Purpose {
    /// The key of the stream that a seed has for this.
    pub fn key(self, seed: u64) -> u64 {
        seed ^ u64::from_be_bytes(match self {
            Self::Perturbation => *b"perturbs",
            Self::Class => *b"classes.",
            Self::Degradation => *b"degrades",
        })
    }
}

/// One draw of the stream of each image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw<'a> {
    pub keys: &'a [u64],
    /// Draws before it.
    pub number: u32,
}

impl Draw<'_> {
    /// Standard normal numbers in the shape, type and place of `x` `[batch, …]`.
    pub fn normal_like(self, x: &Tensor) -> Result<Tensor> {
        let image = x.elem_count() / self.keys.len().max(1);
        let mut numbers = vec![0.0_f32; image * self.keys.len()];
        let images = numbers.chunks_exact_mut(image.max(1));
        for (image, &key) in images.zip(self.keys) {
            FoilStream::after(key, self.number).fill_normal(image);
        }
        let numbers = Tensor::from_vec(numbers, x.shape(), x.device());
        Ok(numbers?.to_dtype(x.dtype())?)
    }
}

/// That there is a stream for each image.
pub(super) fn check_seeds(seeds: usize, images: usize) -> Result<()> {
    if seeds == images {
        return Ok(());
    }
    Err(Error::Condition(format!(
        "{seeds} seeds for {images} images; each needs its own"
    )))
}
