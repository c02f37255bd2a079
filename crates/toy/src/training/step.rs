//! One iteration: draw samples, compute their true scores, compare, sum the gradient. All in one parallel pass.

use std::sync::{Mutex, PoisonError};

use foil_diffusion::random::{FoilStream, Stream};
use rayon::prelude::*;

use crate::{
    Point,
    distribution::{Distribution, Scratch},
    network::{Architecture, Block, Gradient, Prepared, Targets},
};

/// Samples in a batch.
const BATCH: usize = 4096;
/// Parts of a batch that are summed in a fixed order, so that the result does not depend on the number of threads.
const PARTS: usize = 16;
const PART: usize = BATCH / PARTS;
/// ln σ ~ N(−2.3, 1.5²).
const LOG_SIGMA: (f32, f32) = (-2.3, 1.5);

/// The buffers of one thread.
#[derive(Debug)]
struct Buffers {
    points: Vec<Point>,
    sigmas: Vec<f32>,
    targets: Vec<Point>,
    scratch: Scratch,
    block: Block,
}

impl Buffers {
    fn new(network: &Prepared) -> Self {
        Self {
            points: vec![[0.0; 2]; PART],
            sigmas: vec![0.0; PART],
            targets: vec![[0.0; 2]; PART],
            scratch: Scratch::default(),
            block: Block::new(network),
        }
    }

    fn draw(&mut self, distribution: &Distribution, seed: u64, draw: u32) {
        let mut stream = FoilStream::after(seed, 2 * draw);
        let (mut uniforms, mut normals) = ([0.0_f64; PART], [0.0_f32; 3 * PART]);
        stream.fill_uniform(&mut uniforms);
        stream.fill_normal(&mut normals);
        for (index, [level, first, second]) in normals.as_chunks().0.iter().enumerate() {
            let sigma = (LOG_SIGMA.0 + LOG_SIGMA.1 * level).exp();
            self.sigmas[index] = sigma;
            self.points[index] = distribution.draw(uniforms[index], [*first, *second], sigma);
        }
    }
}

/// What an iteration needs and the next one uses again.
#[derive(Debug)]
pub(super) struct Batch {
    /// One for each part.
    gradients: Vec<Gradient>,
    /// One for each thread that has worked so far: few enough to stay in its cache.
    idle: Mutex<Vec<Buffers>>,
}

impl Batch {
    pub(super) fn new(architecture: Architecture) -> Self {
        Self {
            gradients: vec![Gradient::zero(architecture); PARTS],
            idle: Mutex::default(),
        }
    }

    /// The gradient of the mean loss over batch number `iteration`.
    pub(super) fn gradient(
        &mut self,
        distribution: &Distribution,
        network: &Prepared,
        seed: u64,
        iteration: u32,
    ) -> &Gradient {
        let idle = &self.idle;
        let take = || idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let give = |buffers| {
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(buffers);
        };
        self.gradients
            .par_iter_mut()
            .enumerate()
            .for_each(|(index, gradient)| {
                let mut buffers = take().unwrap_or_else(|| Buffers::new(network));
                buffers.draw(
                    distribution,
                    seed,
                    iteration.wrapping_mul(PARTS as u32) + index as u32,
                );
                let Buffers {
                    points,
                    sigmas,
                    targets,
                    scratch,
                    block,
                } = &mut buffers;
                distribution.scores(points, sigmas, targets, scratch);
                gradient.clear();
                block.train(
                    network,
                    points,
                    sigmas,
                    Targets {
                        scores: targets,
                        share: 1.0 / BATCH as f32,
                    },
                    gradient,
                );
                give(buffers);
            });
        let (first, rest) = self.gradients.split_first_mut().expect("a batch has parts");
        for part in rest.iter() {
            first.add(part);
        }
        first
    }
}
