//! Dropout: in training, and as a way to make a network worse when it samples. Srivastava et al. 2014.

use foil_diffusion::random::FoilStream;
use rayon::prelude::*;

use super::value::Value;
use crate::Result;

/// Numbers of each residual branch that are left out of some evaluations.
#[derive(Debug, Clone)]
pub struct Dropout {
    /// Of leaving one out.
    pub probability: f64,
    /// The key of each image's stream of random numbers, so that an image does not depend on its batch.
    pub keys: Vec<u64>,
    /// The draw of the first block; each block has its own.
    pub draw: u32,
}

impl Dropout {
    /// `x` `[batch, height, width, channels]` without those left out, the others larger by as much.
    pub(super) fn apply<V: Value>(&self, x: &V, block: usize) -> Result<V> {
        let shape = x.tensor();
        let kept = (1.0 / (1.0 - self.probability)) as f32;
        let image = shape.elem_count() / self.keys.len().max(1);
        let mut factors = vec![0.0_f32; image * self.keys.len()];
        let images = factors.par_chunks_mut(image.max(1)).zip(&self.keys);
        images.for_each(|(factors, &key)| {
            let mut uniform = vec![0.0; factors.len()];
            FoilStream::after(key, self.draw + block as u32).fill_uniform(&mut uniform);
            for (factor, uniform) in factors.iter_mut().zip(uniform) {
                *factor = if uniform < self.probability {
                    0.0
                } else {
                    kept
                };
            }
        });
        Ok(x.times(factors)?)
    }
}
