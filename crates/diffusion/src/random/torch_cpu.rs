//! torch's CPU generator: `torch.Generator("cpu").manual_seed(seed)`.

use std::f32::consts::PI;

use super::{Stream, mersenne_twister::MersenneTwister};

/// The stream of one seed. Draws of at least 16 numbers follow another rule than shorter ones.
#[derive(Debug, Clone)]
pub struct TorchCpu {
    generator: MersenneTwister,
    /// The second number of a pair made by a short draw.
    spare: Option<f64>,
}

impl TorchCpu {
    /// Only the low 32 bits of the seed count, as in torch.
    pub fn new(seed: u64) -> Self {
        Self {
            generator: MersenneTwister::new((seed & 0xffff_ffff) as u32),
            spare: None,
        }
    }

    /// `torch.rand`, f32: 24 bits in [0, 1).
    pub fn fill_uniform(&mut self, out: &mut [f32]) {
        for value in out {
            *value = (self.generator.word() & 0x00ff_ffff) as f32 / 16_777_216.0;
        }
    }

    /// 53 bits in [0, 1).
    fn double(&mut self) -> f64 {
        (self.generator.long_word() & ((1 << 53) - 1)) as f64 / 9_007_199_254_740_992.0
    }

    fn short_normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let (first, second) = (self.double(), self.double());
        let radius = (-2.0 * (-second).ln_1p()).sqrt();
        let angle = std::f64::consts::TAU * first;
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}

/// Box–Muller on 16 uniforms in place: element j pairs with j + 8. In f32, angle included, as torch computes it.
fn transform(group: &mut [f32]) {
    let (left, right) = group.split_at_mut(8);
    for (first, second) in left.iter_mut().zip(right) {
        let radius = (-2.0 * (1.0 - *first).ln()).sqrt();
        let (sine, cosine) = (2.0 * PI * *second).sin_cos();
        (*first, *second) = (radius * cosine, radius * sine);
    }
}

impl Stream for TorchCpu {
    fn fill_normal(&mut self, out: &mut [f32]) {
        if out.len() < 16 {
            for value in out {
                *value = self.short_normal() as f32;
            }
            return;
        }
        self.fill_uniform(out);
        out.chunks_exact_mut(16).for_each(transform);
        if !out.len().is_multiple_of(16) {
            // torch draws the last 16 anew, over numbers that were already transformed.
            let start = out.len() - 16;
            self.fill_uniform(&mut out[start..]);
            transform(&mut out[start..]);
        }
    }

    fn below(&mut self, range: u32) -> u32 {
        if range < 1 << 28 {
            self.generator.word() % range
        } else {
            (self.generator.long_word() % u64::from(range)) as u32
        }
    }
}
