//! A block's work as operations that are compiled for each instruction set.

use pulp::{Simd, WithSimd};

use super::{Gradient, Prepared, Targets, block::Block};
use crate::{Point, arithmetic::PAD};

/// Standard deviation of the data, which scales the input.
const SIGMA_DATA: f32 = 0.5;

/// Points with their noise levels, one for each or one for all.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a> {
    pub(super) points: &'a [Point],
    pub(super) sigmas: &'a [f32],
}

impl Samples<'_> {
    pub(super) fn sigma(&self, index: usize) -> f32 {
        if self.sigmas.len() == 1 {
            self.sigmas[0]
        } else {
            self.sigmas[index]
        }
    }

    /// c = 1/√(σ_data² + σ²).
    pub(super) fn scale(&self, index: usize) -> f32 {
        let sigma = self.sigma(index);
        1.0 / (SIGMA_DATA * SIGMA_DATA + sigma * sigma).sqrt()
    }
}

/// Densities and scores of one block.
pub(super) struct Evaluate<'a> {
    pub(super) block: &'a mut Block,
    pub(super) network: &'a Prepared,
    pub(super) samples: Samples<'a>,
    pub(super) log_densities: &'a mut [f32],
    pub(super) scores: &'a mut [Point],
}

impl WithSimd for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            block,
            network,
            samples,
            log_densities,
            scores,
        } = self;
        block.forward::<S, false>(simd, network, samples);
        block.back_to_input(simd, network);
        for (index, value) in log_densities.iter_mut().enumerate() {
            let [x, y] = samples.points[index];
            let scale = samples.scale(index);
            let energy = block.energy(network, index);
            *value = network.gain * energy / samples.sigma(index)
                - 0.5 * scale * scale * (x * x + y * y);
        }
        for (index, score) in scores.iter_mut().enumerate() {
            *score = block.score(network, samples, index);
        }
    }
}

/// Loss and gradient of one block.
pub(super) struct Train<'a> {
    pub(super) block: &'a mut Block,
    pub(super) network: &'a Prepared,
    pub(super) samples: Samples<'a>,
    pub(super) targets: Targets<'a>,
    pub(super) gradient: &'a mut Gradient,
}

impl WithSimd for Train<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            block,
            network,
            samples,
            targets,
            gradient,
        } = self;
        block.forward::<S, true>(simd, network, samples);
        block.back_to_input(simd, network);
        block.input_tangent.fill(0.0);
        for (index, target) in targets.scores.iter().enumerate() {
            let score = block.score(network, samples, index);
            let (sigma, scale) = (samples.sigma(index), samples.scale(index));
            let rest = [score[0] - target[0], score[1] - target[1]];
            let loss_scale = targets.share * sigma * sigma;
            gradient.loss += f64::from(0.5 * loss_scale * (rest[0] * rest[0] + rest[1] * rest[1]));
            for (axis, rest) in rest.iter().enumerate() {
                // score = c·gain/σ·∂E/∂z − c²x.
                let by_score = loss_scale * rest * scale / sigma;
                gradient.gain += f64::from(by_score * block.input_gradient[index * PAD + axis]);
                block.input_tangent[index * PAD + axis] = by_score * network.gain;
            }
        }
        block.tangents(simd, network);
        block.weight_gradients(simd, network, gradient);
    }
}
