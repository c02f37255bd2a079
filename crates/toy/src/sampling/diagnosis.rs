//! The errors of a model and of its guide, where the ideal denoiser is known.

use foil_diffusion::{
    Denoiser, Error, Model, NoiseLevels, Result, Sigma,
    diagnosis::{Compatibility, Errors},
};

use super::{Guidance, Recorder, Sampling, check, guides::Supply};
use crate::{
    distribution::{Class, Distribution},
    network::DensityModel,
    points::{Point, tensor_of},
};

/// Where errors are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// At true points with noise.
    Data,
    /// Where the model's own trajectories pass without guidance: also where the truth never is, which is where outliers come from.
    Trajectories,
}

/// What is looked at.
#[derive(Debug, Clone)]
pub struct Diagnosis<'a> {
    /// The model that is guided.
    pub main: &'a DensityModel,
    /// What it models.
    pub class: Class,
    /// At which noise levels; where it is 0, nothing is to be estimated.
    pub levels: NoiseLevels,
    /// At which points of each level.
    pub places: Places,
    /// How many.
    pub samples: usize,
    /// Of the points.
    pub seed: u64,
}

impl Diagnosis<'_> {
    /// The errors, against the ideal denoiser, of the model and of the one guide that `guidance` has. Weights do not matter.
    pub fn run(&self, guidance: &Guidance<'_>) -> Result<Vec<(Sigma, Compatibility)>> {
        check(&guidance.plan)?;
        let [term] = guidance.plan.terms() else {
            return Err(Error::Guidance(format!(
                "a diagnosis is of one guide, and {} has {}",
                guidance.plan,
                guidance.plan.terms().len()
            )));
        };
        let mut supply = Supply {
            main: self.main,
            models: guidance.models,
            streams: self.seed..self.seed + self.samples as u64,
        };
        let mut guide = term.guide.weak(&mut supply)?;
        let truth = Distribution::new(self.class);
        let found = self.points(&truth)?.into_iter().map(|(sigma, points)| {
            let noisy = tensor_of(&points)?;
            let mut errors = Errors::default();
            errors.add(
                &self.main.denoise_at(&noisy, sigma, &())?,
                &guide.denoise(&noisy, sigma)?,
                &(&truth).denoise(&noisy, sigma)?,
            )?;
            Ok((sigma, errors.compatibility()))
        });
        found.collect()
    }

    fn points(&self, truth: &Distribution) -> Result<Vec<(Sigma, Vec<Point>)>> {
        let levels = self.levels.as_slice().iter().copied();
        let levels = levels.filter(|sigma| sigma.get() > 0.0);
        let (count, seed) = (self.samples, self.seed);
        if self.places == Places::Data {
            let at = |sigma| (sigma, truth.at(sigma).samples(count, seed));
            return Ok(levels.map(at).collect());
        }
        let sampling = Sampling {
            levels: self.levels.clone(),
            seed,
            ..Sampling::published()?
        };
        let start = sampling.start(truth, count, seed);
        let mut passed = Recorder::default();
        sampling.run(self.main, &Guidance::none(), &start, &mut passed)?;
        let passed = std::iter::once(start).chain(passed.states);
        Ok(levels.zip(passed).collect())
    }
}
