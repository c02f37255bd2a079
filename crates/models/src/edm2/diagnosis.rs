//! The errors of a network and of its guide on images that are known.

use candle_core::{DType, Tensor};
use foil_diffusion::{
    Denoiser, Error as DiffusionError, Noise, Sigma, diagnosis::Errors, random::StreamKind,
};

use super::{Generator, Labels, generate::apart, guides::Supply};
use crate::Result;

/// Clean images.
#[derive(Debug, Clone, Copy)]
pub struct Examples<'a> {
    /// `[batch, channels, height, width]`, as the network sees them.
    pub clean: &'a Tensor,
    /// The class of each; of no use to a network that knows none.
    pub classes: &'a [u32],
    /// Of the noise that each gets.
    pub seeds: &'a [u64],
}

impl Generator<'_> {
    /// Adds the errors at each of `levels` of the main network and of the one guide of the plan, whose weight does not matter here. The
    /// truth is the clean image.
    pub fn diagnose(
        &self,
        examples: &Examples<'_>,
        levels: &[Sigma],
        errors: &mut [Errors],
    ) -> Result<()> {
        let [term] = self.plan.terms() else {
            return Err(DiffusionError::Guidance(format!(
                "a diagnosis is of one guide, and {} has {}",
                self.plan,
                self.plan.terms().len()
            ))
            .into());
        };
        let config = self.main.network.config();
        let clean = &examples.clean.to_dtype(DType::F32)?;
        let classes = if config.labels == 0 {
            &[]
        } else {
            examples.classes
        };
        let labels = match config.labels {
            0 => Labels::none(),
            count => Labels::classes(classes, count, clean.device())?,
        };
        let mut supply = Supply {
            main: self.main,
            networks: self.guides,
            labels: &labels,
            classes,
            seeds: examples.seeds,
        };
        let mut guide = term.guide.weak(&mut supply)?;
        let apart = apart(examples.seeds);
        let mut main = self.strong(&mut Supply {
            seeds: &apart,
            ..supply
        })?;
        let mut noise = Noise::new(StreamKind::Foil, examples.seeds.iter().copied());
        for (&sigma, errors) in levels.iter().zip(errors) {
            let noisy = (clean + (noise.normal_like(clean)? * sigma.get())?)?;
            let estimate = main.denoise(&noisy, sigma)?;
            errors.add(&estimate, &guide.denoise(&noisy, sigma)?, clean)?;
        }
        Ok(())
    }
}
