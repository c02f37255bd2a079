//! A trained network as the rest of the system sees it.

use candle_core::{DType, Tensor};
use foil_diffusion::{Model, Result, Sigma};
use rayon::prelude::*;

use super::{Architecture, Block, Prepared};
use crate::points::{Point, denoised, points_of, tensor_like};

/// Points a thread takes at a time.
const CHUNK: usize = 1024;

/// An energy network with its weights: density, score and, as a [`Model`], clean points.
#[derive(Debug, Clone)]
pub struct DensityModel {
    network: Prepared,
}

impl DensityModel {
    /// From flat parameters in [`Architecture`]'s order.
    ///
    /// # Panics
    /// If there are not as many as the architecture has.
    pub fn new(architecture: Architecture, parameters: &[f32]) -> Self {
        assert_eq!(
            parameters.len(),
            architecture.parameters(),
            "parameters of the architecture"
        );
        Self {
            network: Prepared::new(architecture, parameters),
        }
    }

    /// Its shape.
    pub fn architecture(&self) -> Architecture {
        self.network.architecture
    }

    /// Unnormalised log p(x; σ) and its gradient by x, of each point. σ must be above 0.
    pub fn evaluate(&self, points: &[Point], sigma: Sigma) -> (Vec<f32>, Vec<Point>) {
        self.evaluate_each(points, &[sigma.get() as f32])
    }

    /// The same with one level per point, or one for all.
    fn evaluate_each(&self, points: &[Point], sigmas: &[f32]) -> (Vec<f32>, Vec<Point>) {
        let (mut log_densities, mut scores) =
            (vec![0.0; points.len()], vec![[0.0; 2]; points.len()]);
        let outputs = (
            log_densities.par_chunks_mut(CHUNK),
            scores.par_chunks_mut(CHUNK),
        );
        let chunks = (points.par_chunks(CHUNK), outputs)
            .into_par_iter()
            .enumerate();
        chunks.for_each_init(
            || Block::new(&self.network),
            |block, (index, (points, outputs))| {
                let start = index * CHUNK;
                let sigmas = if sigmas.len() == 1 {
                    sigmas
                } else {
                    &sigmas[start..start + points.len()]
                };
                block.evaluate(&self.network, points, sigmas, outputs);
            },
        );
        (log_densities, scores)
    }
}

impl Model for DensityModel {
    /// None: each network models one class, or both.
    type Condition = ();

    fn denoise_batch(&self, noisy: &Tensor, sigma: &Tensor, (): &()) -> Result<Tensor> {
        let points = points_of(noisy)?;
        let sigmas = sigma.to_dtype(DType::F32)?.to_vec1::<f32>()?;
        if sigmas.len() != points.len() {
            let (found, expected) = (vec![sigmas.len()], vec![points.len()]);
            return Err(foil_diffusion::Error::Shape {
                what: "sigma",
                found,
                expected,
            });
        }
        let (_, scores) = self.evaluate_each(&points, &sigmas);
        let clean = points
            .iter()
            .zip(&scores)
            .zip(&sigmas)
            .map(|((x, score), sigma)| {
                let variance = sigma * sigma;
                [x[0] + variance * score[0], x[1] + variance * score[1]]
            });
        tensor_like(&clean.collect::<Vec<_>>(), noisy)
    }

    fn denoise_at(&self, noisy: &Tensor, sigma: Sigma, (): &()) -> Result<Tensor> {
        let points = points_of(noisy)?;
        let (_, scores) = self.evaluate(&points, sigma);
        tensor_like(&denoised(&points, &scores, sigma), noisy)
    }
}
