//! Foil's own stream: Philox with the seed as key and the draw and position as counter.
//!
//! Draw d, element i is a pure function of (seed, d, i), computed in f64 and rounded once to f32, so that a
//! platform's own logarithm and cosine rarely show.

use super::{Stream, philox::philox};

/// The last word of every counter, so that other uses of Philox under the same seed stay apart.
const DOMAIN: u32 = u32::from_be_bytes(*b"Foil");

/// A stream of one seed.
#[derive(Debug, Clone)]
pub struct FoilStream {
    seed: u64,
    draw: u32,
}

impl FoilStream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, draw: 0 }
    }

    /// The stream of a seed from a later draw on: `after(seed, n)` is `new(seed)` after n draws.
    pub fn after(seed: u64, draws: u32) -> Self {
        Self { seed, draw: draws }
    }

    /// Four uniform words, the block of this number in the draw to come, which it does not use up: for those who make a draw of words in
    /// parts, on any thread.
    #[inline]
    pub fn words(&self, block: usize) -> [u32; 4] {
        let block = block as u64;
        let counter = [block as u32, (block >> 32) as u32, self.draw, DOMAIN];
        philox(self.seed, counter)
    }

    /// Two uniform numbers in [0, 1) with 53 bits each.
    fn uniforms(&self, block: usize) -> (f64, f64) {
        let words = self.words(block);
        let unit = |high: u32, low: u32| {
            ((u64::from(high) << 32 | u64::from(low)) >> 11) as f64 * 2.0_f64.powi(-53)
        };
        (unit(words[0], words[1]), unit(words[2], words[3]))
    }

    /// Fills `out` with one draw of uniform numbers in [0, 1).
    pub fn fill_uniform(&mut self, out: &mut [f64]) {
        for (block, pair) in out.chunks_mut(2).enumerate() {
            let (first, second) = self.uniforms(block);
            pair[0] = first;
            if let Some(last) = pair.get_mut(1) {
                *last = second;
            }
        }
        self.draw = self.draw.wrapping_add(1);
    }
}

impl Stream for FoilStream {
    fn fill_normal(&mut self, out: &mut [f32]) {
        for (block, pair) in out.chunks_mut(2).enumerate() {
            let (first, second) = self.uniforms(block);
            let radius = (-2.0 * (1.0 - first).ln()).sqrt();
            let (sine, cosine) = (std::f64::consts::TAU * second).sin_cos();
            pair[0] = (radius * cosine) as f32;
            if let Some(last) = pair.get_mut(1) {
                *last = (radius * sine) as f32;
            }
        }
        self.draw = self.draw.wrapping_add(1);
    }

    fn below(&mut self, range: u32) -> u32 {
        let words = philox(self.seed, [0, 0, self.draw, DOMAIN]);
        self.draw = self.draw.wrapping_add(1);
        // The high part of a 64 × 32-bit product: uniform to 2⁻³² relative.
        let word = u64::from(words[0]) << 32 | u64::from(words[1]);
        ((u128::from(word) * u128::from(range)) >> 64) as u32
    }
}
