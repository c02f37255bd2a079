//! A trajectory whose networks keep the time.

use std::{cell::Cell, rc::Rc, time::Instant};

use anyhow::{Result, bail};
use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Denoiser, Error, Evaluations, Model, Noise, Result as DiffusionResult, Sigma, Silent,
    guidance::{Guide, Guides, Plan},
    random::StreamKind,
    sample,
    sampler::SamplerChoice,
    schedule::Karras,
};
use foil_models::edm2::{Edm2, Labels};

use crate::arguments::BenchGuidance;

/// One trajectory, timed.
pub struct Run {
    pub seconds: f64,
    /// In networks.
    pub inside: f64,
    /// Of the network that is guided, and of its guides.
    pub evaluations: [u64; 2],
}

/// What is walked.
pub struct Trajectory<'a> {
    pub arguments: &'a BenchGuidance,
    pub main: &'a Edm2,
    pub guide: &'a Edm2,
    pub labels: Labels,
    pub guide_labels: Labels,
    /// `[batch, channels, height, width]`
    pub shape: [usize; 4],
}

impl Trajectory<'_> {
    /// Walks once.
    pub fn run(&self, plan: &Plan) -> Result<Run> {
        let inside = Rc::new(Cell::new(0.0));
        let levels = Karras::new(0.002, 80.0, 7.0)?.levels(self.arguments.steps)?;
        let sampler: SamplerChoice = self.arguments.sampler.parse()?;
        let mut noise = Noise::new(StreamKind::Foil, 0..self.arguments.batch as u64);
        let zeros = Tensor::zeros(&self.shape, DType::F32, &Device::Cpu)?;
        let x = (noise.normal_like(&zeros)? * levels.first().get())?;
        let mut supply = Supply {
            trajectory: self,
            inside: Rc::clone(&inside),
        };
        let mut denoiser = plan.build(supply.again()?, &mut supply)?;
        let begin = Instant::now();
        let sampler = sampler.build(levels.steps())?;
        let made = sample(sampler, &mut denoiser, x, &levels, &mut noise, &mut Silent)?;
        let seconds = begin.elapsed().as_secs_f64();
        let finite: f32 = made.abs()?.sum_all()?.to_scalar()?;
        if !finite.is_finite() {
            bail!("{plan} diverged; choose a weight nearer to 1");
        }
        let Evaluations { strong, weak } = denoiser.evaluations();
        Ok(Run {
            seconds,
            inside: inside.get(),
            evaluations: [strong, weak],
        })
    }
}

struct Supply<'a> {
    trajectory: &'a Trajectory<'a>,
    inside: Rc<Cell<f64>>,
}

impl<'a> Supply<'a> {
    fn timed(&self, network: &'a Edm2, labels: &'a Labels) -> Box<dyn Denoiser + 'a> {
        Box::new(Timed {
            denoiser: network.given(labels),
            inside: Rc::clone(&self.inside),
        })
    }
}

impl<'a> Guides<'a> for Supply<'a> {
    fn weak(&mut self, guide: &Guide) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        match guide {
            Guide::Auto(_) | Guide::ClassifierFree(_) => {
                Ok(self.timed(self.trajectory.guide, &self.trajectory.guide_labels))
            }
            _ => Err(Error::Guidance(format!(
                "{guide} is not timed here; auto and cfg are, with whatever is made of them"
            ))),
        }
    }

    fn again(&mut self) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        Ok(self.timed(self.trajectory.main, &self.trajectory.labels))
    }
}

/// A network that keeps the time.
struct Timed<D> {
    denoiser: D,
    inside: Rc<Cell<f64>>,
}

impl<D: Denoiser> Denoiser for Timed<D> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> DiffusionResult<Tensor> {
        let begin = Instant::now();
        let estimate = self.denoiser.denoise(noisy, sigma);
        self.inside
            .set(self.inside.get() + begin.elapsed().as_secs_f64());
        estimate
    }

    fn evaluations(&self) -> Evaluations {
        self.denoiser.evaluations()
    }
}
