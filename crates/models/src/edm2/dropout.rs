//! Dropout: in training, and as a way to make a network worse when it samples. Srivastava et al. 2014.

use foil_diffusion::random::FoilStream;
use rayon::prelude::*;

use super::{alteration::Alteration, value::Value};
use crate::Result;

/// Numbers of each residual branch that are left out of some evaluations.
#[derive(Debug, Clone)]
pub struct Dropout {
    /// Of leaving one out, in [0, 1): the multiple of 2⁻¹⁶ that is nearest to this counts, and below 1.
    pub probability: f64,
    /// The key of each image's stream of random numbers, so that an image does not depend on its batch.
    pub keys: Vec<u64>,
    /// The draw of the first block; each block has its own.
    pub draw: u32,
}

/// Sixteen bits decide about a number, for random words cost more than what is done with them.
const STEPS: u32 = 1 << 16;
/// What a thread does at a time, in blocks of four words, which decide about eight numbers.
const BLOCKS: usize = 512;

impl Dropout {
    /// Numbers below it are left out.
    fn threshold(&self) -> u32 {
        let nearest = (self.probability * f64::from(STEPS)).round() as u32;
        nearest.min(STEPS - 1)
    }

    /// What the numbers of each image in turn are multiplied by in a block of the network.
    fn factors(&self, count: usize, block: usize) -> Vec<f32> {
        let threshold = self.threshold();
        let kept = STEPS as f32 / (STEPS - threshold) as f32;
        let image = (count / self.keys.len().max(1)).max(1);
        let mut factors = vec![0.0_f32; image * self.keys.len()];
        let images = factors.par_chunks_mut(image).zip(&self.keys);
        images.for_each(|(image, &key)| {
            let stream = FoilStream::after(key, self.draw.wrapping_add(block as u32));
            let parts = image.par_chunks_mut(8 * BLOCKS).enumerate();
            parts.for_each(|(part, factors)| {
                for (index, eight) in factors.chunks_mut(8).enumerate() {
                    let words = stream.words(part * BLOCKS + index);
                    for (pair, word) in eight.chunks_mut(2).zip(words) {
                        for (factor, half) in pair.iter_mut().zip([word & 0xffff, word >> 16]) {
                            *factor = if half < threshold { 0.0 } else { kept };
                        }
                    }
                }
            });
        });
        factors
    }
}

impl<V: Value> Alteration<V> for Dropout {
    /// Without the numbers left out, the others larger by as much.
    fn branch(&self, block: usize, x: V) -> Result<V> {
        let factors = self.factors(x.tensor().elem_count(), block);
        Ok(x.times(factors)?)
    }
}
