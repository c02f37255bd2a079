//! From starting points to samples.

use std::ops::Range;

use foil_diffusion::{
    Denoiser, Evaluations, Model, Noise, NoiseLevels, Observer, Result,
    random::StreamKind,
    sample,
    sampler::{Churn, SamplerChoice},
};

use super::{Guidance, SIGMA_MAX, STEPS, check, guides::Supply, levels};
use crate::{
    distribution::Distribution,
    network::DensityModel,
    points::{Point, points_of, tensor_of},
};

/// How to sample.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// The sampler.
    pub sampler: SamplerChoice,
    /// The noise levels.
    pub levels: NoiseLevels,
    /// Sample i draws its noise from stream `seed` + i, for samplers and guides that draw any.
    pub seed: u64,
}

impl Sampling {
    /// The paper's: Heun, 32 steps.
    pub fn published() -> Result<Self> {
        Ok(Self {
            sampler: SamplerChoice::Heun(Churn::NONE),
            levels: levels(SIGMA_MAX, STEPS)?,
            seed: 0,
        })
    }

    /// Where trajectories start: `count` true samples of a class at the first noise level.
    pub fn start(&self, class: &Distribution, count: usize, seed: u64) -> Vec<Point> {
        class.at(self.levels.first()).samples(count, seed)
    }

    /// Walks the starting points down; the answer and the evaluations each of them took.
    pub fn run(
        &self,
        main: &DensityModel,
        guidance: &Guidance<'_>,
        start: &[Point],
        observer: &mut dyn Observer,
    ) -> Result<(Vec<Point>, Evaluations)> {
        check(&guidance.plan)?;
        let streams = self.streams(start.len());
        let mut supply = Supply {
            main,
            models: guidance.models,
            streams: streams.clone(),
        };
        let mut denoiser = guidance.plan.build(main.given(&()), &mut supply)?;
        let end = sample(
            self.sampler.build(self.levels.steps())?,
            &mut denoiser,
            tensor_of(start)?,
            &self.levels,
            &mut Noise::new(StreamKind::Foil, streams),
            observer,
        )?;
        Ok((points_of(&end)?, denoiser.evaluations()))
    }

    fn streams(&self, count: usize) -> Range<u64> {
        self.seed..self.seed + count as u64
    }
}
