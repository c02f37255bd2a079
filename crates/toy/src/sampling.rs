//! Guided sampling of the toy: the diffusion crate's samplers and guidance on points of the plane.

use foil_diffusion::{
    Denoiser, Evaluations, Model, Noise, NoiseLevels, Observer, Result,
    guidance::{Blend, Flat, Guided, Interval, Weight},
    random::StreamKind,
    sample,
    sampler::SamplerChoice,
    schedule::Karras,
};

use crate::{
    distribution::Distribution,
    network::DensityModel,
    points::{Point, points_of, tensor_of},
};

/// Noise levels of the paper's toy: 0.002 to 5 with ρ = 7.
pub const SIGMA_MIN: f64 = 0.002;
/// The highest of them.
pub const SIGMA_MAX: f64 = 5.0;
/// Their curvature.
pub const RHO: f64 = 7.0;
/// Steps of the paper's toy.
pub const STEPS: usize = 32;

/// The levels of a trajectory from `sigma_max` down to 0.
pub fn levels(sigma_max: f64, steps: usize) -> Result<NoiseLevels> {
    Karras::new(SIGMA_MIN, sigma_max, RHO)?.levels(steps)
}

/// What leads the main model, with its weight.
#[derive(Debug, Clone, Copy)]
pub enum Guidance<'a> {
    /// Nothing.
    None,
    /// A model of both classes: classifier-free guidance.
    ClassifierFree(&'a DensityModel, f64),
    /// A smaller, less trained model of the same class: autoguidance.
    Auto(&'a DensityModel, f64),
    /// A flat density: the score is lengthened by the weight, "naive truncation".
    Truncation(f64),
    /// The two models above, mixed: share 0 is the first, 1 the second.
    Interpolation(&'a DensityModel, &'a DensityModel, f64, f64),
}

/// How to sample.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The sampler.
    pub sampler: SamplerChoice,
    /// The noise levels.
    pub levels: NoiseLevels,
    /// Where guidance acts; everywhere if there is none.
    pub interval: Option<Interval>,
    /// Sample i draws its noise from stream `seed` + i, for samplers that draw any.
    pub seed: u64,
}

impl Plan {
    /// The paper's: Heun, 32 steps, guidance everywhere.
    pub fn published() -> Result<Self> {
        let levels = levels(SIGMA_MAX, STEPS)?;
        let sampler = SamplerChoice::Heun(foil_diffusion::sampler::Churn::NONE);
        Ok(Self {
            sampler,
            levels,
            interval: None,
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
        guidance: Guidance<'_>,
        start: &[Point],
        observer: &mut dyn Observer,
    ) -> Result<(Vec<Point>, Evaluations)> {
        let mut denoiser = self.denoiser(main, guidance)?;
        let streams = self.seed..self.seed + start.len() as u64;
        let mut noise = Noise::new(StreamKind::Foil, streams);
        let sampler = self.sampler.build(self.levels.steps())?;
        let end = sample(
            sampler,
            &mut denoiser,
            tensor_of(start)?,
            &self.levels,
            &mut noise,
            observer,
        )?;
        Ok((points_of(&end)?, denoiser.evaluations()))
    }

    fn denoiser<'a>(
        &self,
        main: &'a DensityModel,
        guidance: Guidance<'a>,
    ) -> Result<Box<dyn Denoiser + 'a>> {
        let weight = |weight| {
            let weight = Weight::constant(weight)?;
            Ok::<_, foil_diffusion::Error>(match self.interval {
                Some(interval) => weight.within(interval),
                None => weight,
            })
        };
        let strong = main.given(&());
        Ok(match guidance {
            Guidance::None => Box::new(strong),
            Guidance::ClassifierFree(weak, w) | Guidance::Auto(weak, w) => {
                Box::new(Guided::new(strong, weak.given(&()), weight(w)?))
            }
            Guidance::Truncation(w) => Box::new(Guided::new(strong, Flat, weight(w)?)),
            Guidance::Interpolation(unconditional, guide, w, share) => {
                let weak = Blend::new(unconditional.given(&()), guide.given(&()), share)?;
                Box::new(Guided::new(strong, weak, weight(w)?))
            }
        })
    }
}

/// Remembers where every point was after each step: trajectories for a picture.
#[derive(Debug, Default)]
pub struct Recorder {
    /// `[step][point]`.
    pub states: Vec<Vec<Point>>,
}

impl Observer for Recorder {
    fn after_step(&mut self, step: &foil_diffusion::Step<'_>) -> std::ops::ControlFlow<()> {
        match points_of(step.x) {
            Ok(points) => self.states.push(points),
            Err(_) => return std::ops::ControlFlow::Break(()),
        }
        std::ops::ControlFlow::Continue(())
    }
}

impl Recorder {
    /// One line for each point, beginning at its start.
    pub fn trajectories(&self, start: &[Point]) -> Vec<Vec<Point>> {
        let line = |(index, first): (usize, &Point)| {
            std::iter::once(*first)
                .chain(self.states.iter().map(|state| state[index]))
                .collect()
        };
        start.iter().enumerate().map(line).collect()
    }
}
