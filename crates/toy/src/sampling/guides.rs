//! What guides points: from the guides that a plan names to models.

use std::ops::Range;

use candle_core::Tensor;
use foil_diffusion::{
    Denoiser, Error, Model, Noise, Result, Sigma,
    guidance::{Classifier, Guide, Guides, Plan},
    random::StreamKind,
};

use crate::{
    distribution::Posterior,
    network::DensityModel,
    points::{points_of, tensor_like},
};

/// Models beside the one that is guided. Which of them are needed, the plan says.
#[derive(Debug, Clone, Copy, Default)]
pub struct GuideModels<'a> {
    /// A smaller, less trained model of the same class, for `auto`.
    pub auto: Option<&'a DensityModel>,
    /// A model of both classes, for `cfg`.
    pub unconditional: Option<&'a DensityModel>,
    /// What the classes truly are, for `classifier`.
    pub classifier: Option<&'a Posterior>,
}

/// A plan with the models that it needs.
#[derive(Debug, Clone, Default)]
pub struct Guidance<'a> {
    /// What guides, how strongly, and where.
    pub plan: Plan,
    /// Who that is.
    pub models: GuideModels<'a>,
}

impl<'a> Guidance<'a> {
    /// No guidance.
    pub fn none() -> Self {
        Self::default()
    }

    /// Autoguidance by a model, everywhere.
    pub fn auto(guide: &'a DensityModel, weight: f64) -> Result<Self> {
        Ok(Self {
            plan: format!("auto:{weight}").parse()?,
            models: GuideModels {
                auto: Some(guide),
                ..GuideModels::default()
            },
        })
    }

    /// Lengthening the score, "naive truncation".
    pub fn truncation(weight: f64) -> Result<Self> {
        let plan = format!("truncate:{weight}").parse()?;
        let models = GuideModels::default();
        Ok(Self { plan, models })
    }
}

/// That all guides of a plan are such as points can have.
pub fn check(plan: &Plan) -> Result<()> {
    let mut guides = plan.terms().iter().map(|term| &term.guide);
    match guides.find(|guide| !exists(guide)) {
        Some(guide) => Err(refused(guide)),
        None => Ok(()),
    }
}

fn exists(guide: &Guide) -> bool {
    matches!(
        guide,
        Guide::Auto(_)
            | Guide::ClassifierFree(_)
            | Guide::Truncate(_)
            | Guide::Classifier(_)
            | Guide::SelfGuidance(_)
            | Guide::InputNoise(_)
    )
}

fn refused(guide: &Guide) -> Error {
    let allowed = "allowed are auto, cfg, truncate, classifier, self and noise";
    Error::Guidance(format!(
        "{guide} is for networks of images; for points {allowed}"
    ))
}

/// Supplies the guides of some points.
pub(super) struct Supply<'a> {
    pub(super) main: &'a DensityModel,
    pub(super) models: GuideModels<'a>,
    /// Of random numbers, one for each point.
    pub(super) streams: Range<u64>,
}

impl<'a> Guides<'a> for Supply<'a> {
    fn weak(&mut self, guide: &Guide) -> Result<Box<dyn Denoiser + 'a>> {
        let (model, needed) = match guide {
            Guide::Auto(_) => (self.models.auto, "a weaker model"),
            Guide::ClassifierFree(_) => (self.models.unconditional, "a model of both classes"),
            other => return Err(refused(other)),
        };
        match model {
            Some(model) => Ok(Box::new(model.given(&()))),
            None => Err(Error::Guidance(format!("{guide} needs {needed}"))),
        }
    }

    fn again(&mut self) -> Result<Box<dyn Denoiser + 'a>> {
        Ok(Box::new(self.main.given(&())))
    }

    fn classifier(&mut self) -> Result<Box<dyn Classifier + 'a>> {
        let posterior = self.models.classifier;
        let posterior = posterior
            .ok_or_else(|| Error::Guidance("classifier needs a class to lead to".into()))?;
        Ok(Box::new(OfPoints {
            posterior,
            evaluations: 0,
        }))
    }

    fn noise(&mut self) -> Result<Noise> {
        // Beside the points' own streams.
        let apart = self.streams.clone().map(|stream| stream ^ (1 << 63));
        Ok(Noise::new(StreamKind::Foil, apart))
    }
}

/// The truth as a classifier that counts.
struct OfPoints<'a> {
    posterior: &'a Posterior,
    evaluations: u64,
}

impl Classifier for OfPoints<'_> {
    fn gradient(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.evaluations += 1;
        let gradients = self.posterior.gradients(&points_of(noisy)?, sigma);
        tensor_like(&gradients, noisy)
    }

    fn evaluations(&self) -> u64 {
        self.evaluations
    }
}
