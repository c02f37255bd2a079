//! The distribution at a noise level: density, score, samples, and which branch a point belongs to.

use candle_core::Tensor;
use foil_diffusion::{Denoiser, Evaluations, Result, Sigma, random::FoilStream, random::Stream};
use pulp::Arch;
use rayon::prelude::*;

use super::{
    Class,
    precision::{Arrays, Fixed, PerPoint},
    score::{Scores, Scratch},
    tree::{Component, components},
};
use crate::points::{Point, denoised, points_of, tensor_like};

/// Entries of the table from which components are drawn, as in the reference.
const TABLE: usize = 65_536;
/// Points a thread takes at a time. Fixed, so that results do not depend on the number of threads.
const CHUNK: usize = 256;

/// One class, or both, without noise. As a [`Denoiser`] it is the ideal one.
#[derive(Debug, Clone)]
pub struct Distribution {
    components: Vec<Component>,
    arrays: Arrays,
    /// A component for each of 65,536 equal shares of the mass.
    table: Vec<u16>,
}

impl Distribution {
    /// Grows the tree.
    pub fn new(class: Class) -> Self {
        let components = components(class);
        let mut table = Vec::with_capacity(TABLE);
        let mut mass = 0.0;
        for (index, component) in components.iter().enumerate() {
            mass += component.share;
            table.resize(
                (mass * TABLE as f64).round_ties_even() as usize,
                index as u16,
            );
        }
        table.resize(TABLE, (components.len() - 1) as u16);
        Self {
            arrays: Arrays::new(&components),
            components,
            table,
        }
    }

    /// The Gaussians, branch after branch, eight each.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// With noise of standard deviation σ added.
    pub fn at(&self, sigma: Sigma) -> NoisyDistribution<'_> {
        NoisyDistribution {
            distribution: self,
            sigma,
            fixed: Fixed::new(&self.components, sigma.get()),
        }
    }

    /// ∇ log p of each point at its own noise level: what a network is trained towards. For one thread's share.
    pub(crate) fn scores(
        &self,
        points: &[Point],
        sigmas: &[f32],
        scores: &mut [Point],
        scratch: &mut Scratch,
    ) {
        debug_assert!(points.len() == sigmas.len() && points.len() == scores.len());
        let (arrays, precision) = (
            &self.arrays,
            PerPoint {
                arrays: &self.arrays,
                sigmas,
            },
        );
        Arch::new().dispatch(Scores {
            arrays,
            precision,
            points,
            gradients: scores,
            log_densities: None,
            scratch,
        });
    }

    /// A point with noise σ, from a uniform number in [0, 1) and two standard normal ones.
    pub(crate) fn draw(&self, uniform: f64, normals: [f32; 2], sigma: f32) -> Point {
        let component = usize::from(self.table[((uniform * TABLE as f64) as usize).min(TABLE - 1)]);
        let Component {
            mean, covariance, ..
        } = self.components[component];
        let (mean, covariance) = (
            mean.map(|value| value as f32),
            covariance.map(|value| value as f32),
        );
        let noise = sigma * sigma;
        let [xx, xy, yy] = [covariance[0] + noise, covariance[1], covariance[2] + noise];
        // √M = (M + √det M · I)/√(tr M + 2√det M) for a symmetric 2 × 2 matrix M.
        let root = (xx * yy - xy * xy).max(0.0).sqrt();
        let scale = 1.0 / (xx + yy + 2.0 * root).sqrt();
        let [first, second] = normals;
        [
            mean[0] + scale * ((xx + root) * first + xy * second),
            mean[1] + scale * (xy * first + (yy + root) * second),
        ]
    }
}

/// A distribution at a noise level.
#[derive(Debug, Clone)]
pub struct NoisyDistribution<'a> {
    distribution: &'a Distribution,
    sigma: Sigma,
    fixed: Fixed,
}

impl NoisyDistribution<'_> {
    /// log p of each point.
    pub fn log_densities(&self, points: &[Point]) -> Vec<f32> {
        self.evaluate(points).0
    }

    /// log p and ∇ log p of each point.
    pub fn evaluate(&self, points: &[Point]) -> (Vec<f32>, Vec<Point>) {
        let (mut log_densities, mut scores) =
            (vec![0.0; points.len()], vec![[0.0; 2]; points.len()]);
        let chunks = (
            points.par_chunks(CHUNK),
            log_densities.par_chunks_mut(CHUNK),
            scores.par_chunks_mut(CHUNK),
        );
        chunks.into_par_iter().for_each_init(
            Scratch::default,
            |scratch, (points, log_densities, scores)| {
                let (arrays, precision) = (&self.distribution.arrays, &self.fixed);
                let log_densities = Some(log_densities);
                Arch::new().dispatch(Scores {
                    arrays,
                    precision,
                    points,
                    gradients: scores,
                    log_densities,
                    scratch,
                });
            },
        );
        (log_densities, scores)
    }

    /// The branch each point most probably belongs to: that with the largest share of its density.
    pub fn branches(&self, points: &[Point]) -> Vec<usize> {
        let branch = |point: &Point| self.fixed.nearest_branch(&self.distribution.arrays, *point);
        points.par_iter().with_min_len(CHUNK).map(branch).collect()
    }

    /// `count` samples. Sample i depends on the seed and i alone.
    pub fn samples(&self, count: usize, seed: u64) -> Vec<Point> {
        let mut samples = vec![[0.0; 2]; count];
        samples
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, samples)| {
                let mut stream = FoilStream::after(seed, 2 * chunk as u32);
                let (mut uniforms, mut normals) = ([0.0_f64; CHUNK], [0.0_f32; 2 * CHUNK]);
                stream.fill_uniform(&mut uniforms);
                stream.fill_normal(&mut normals);
                let sigma = self.sigma.get() as f32;
                for (index, sample) in samples.iter_mut().enumerate() {
                    let pair = [normals[2 * index], normals[2 * index + 1]];
                    *sample = self.distribution.draw(uniforms[index], pair, sigma);
                }
            });
        samples
    }
}

impl Denoiser for &Distribution {
    /// D = x + σ²·∇ log p for `noisy` `[n, 2, 1, 1]`.
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        let points = points_of(noisy)?;
        let (_, scores) = self.at(sigma).evaluate(&points);
        tensor_like(&denoised(&points, &scores, sigma), noisy)
    }

    /// None: nothing here is a network.
    fn evaluations(&self) -> Evaluations {
        Evaluations::default()
    }
}
