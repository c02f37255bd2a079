//! torch's CUDA generator: Philox, one subsequence per GPU thread, Box–Muller as cuRAND has it.
//!
//! Where the draw has no more elements than the GPU runs threads (every EDM2 latent), the numbers are the same on
//! all models; beyond that they depend on the thread count. A GPU's fast sine and logarithm differ in the last bits.

use super::{Stream, philox::philox};

/// The part of a GPU model that the stream depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gpu {
    multiprocessors: u32,
    threads_per_multiprocessor: u32,
}

impl Gpu {
    /// NVIDIA V100: 163,840 threads.
    pub const V100: Self = Self {
        multiprocessors: 80,
        threads_per_multiprocessor: 2048,
    };
    /// NVIDIA A100: 221,184 threads.
    pub const A100: Self = Self {
        multiprocessors: 108,
        threads_per_multiprocessor: 2048,
    };
    /// NVIDIA H100 SXM: 270,336 threads.
    pub const H100: Self = Self {
        multiprocessors: 132,
        threads_per_multiprocessor: 2048,
    };

    /// Another model, by its multiprocessors and resident threads on each; both at least one block of 256 threads.
    pub fn new(multiprocessors: u32, threads_per_multiprocessor: u32) -> Option<Self> {
        (multiprocessors > 0 && threads_per_multiprocessor >= BLOCK).then_some(Self {
            multiprocessors,
            threads_per_multiprocessor,
        })
    }
}

impl Default for Gpu {
    fn default() -> Self {
        Self::A100
    }
}

/// Threads in a block.
const BLOCK: u32 = 256;
/// Numbers a thread makes of one Philox block.
const UNROLL: usize = 4;

/// The stream of one seed.
#[derive(Debug, Clone)]
pub struct TorchCuda {
    seed: u64,
    offset: u64,
    gpu: Gpu,
}

impl TorchCuda {
    /// `torch.Generator("cuda").manual_seed(seed)` on a GPU model.
    pub fn new(seed: u64, gpu: Gpu) -> Self {
        Self {
            seed,
            offset: 0,
            gpu,
        }
    }

    fn words(&self, round: u64, thread: usize) -> [u32; 4] {
        let counter = self.offset / 4 + round;
        let thread = thread as u64;
        philox(
            self.seed,
            [
                counter as u32,
                (counter >> 32) as u32,
                thread as u32,
                (thread >> 32) as u32,
            ],
        )
    }
}

/// Four normals of four words, in single precision as the device computes them.
fn normals(words: [u32; 4]) -> [f32; 4] {
    const SCALE: f32 = 2.328_306_4e-10;
    const ANGLE: f32 = SCALE * std::f32::consts::TAU;
    let pair = |x: u32, y: u32| {
        let radius = (-2.0 * (x as f32 * SCALE + SCALE / 2.0).ln()).sqrt();
        let (sine, cosine) = (y as f32 * ANGLE + ANGLE / 2.0).sin_cos();
        (radius * sine, radius * cosine)
    };
    let ((a, b), (c, d)) = (pair(words[0], words[1]), pair(words[2], words[3]));
    [a, b, c, d]
}

impl Stream for TorchCuda {
    fn fill_normal(&mut self, out: &mut [f32]) {
        if out.is_empty() {
            return;
        }
        let resident = self.gpu.multiprocessors * (self.gpu.threads_per_multiprocessor / BLOCK);
        let blocks = out.len().div_ceil(BLOCK as usize).min(resident as usize);
        let threads = blocks * BLOCK as usize;
        let rounds = (out.len() - 1) / (threads * UNROLL) + 1;
        for round in 0..rounds {
            for thread in 0..threads {
                let first = thread + round * threads * UNROLL;
                if first >= out.len() {
                    break;
                }
                for (component, value) in normals(self.words(round as u64, thread))
                    .into_iter()
                    .enumerate()
                {
                    if let Some(element) = out.get_mut(first + component * threads) {
                        *element = value;
                    }
                }
            }
        }
        self.offset += (rounds * UNROLL) as u64;
    }

    fn below(&mut self, range: u32) -> u32 {
        let word = self.words(0, 0)[0];
        self.offset += 4;
        word % range
    }
}
