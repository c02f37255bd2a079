//! From a plan to a denoiser: who supplies what the plan names.

use super::{
    Composed, Plan, Term,
    at_work::{Acting, Source},
};
use crate::{
    Denoiser, Error, Noise, Result,
    guidance::{
        Guide,
        guide::{Classifier, Flat, Noisier, Shifted, Windowed},
    },
};

/// Supplies the networks that a plan's guides need. Everything is for one trajectory of one batch, with conditions bound.
pub trait Guides<'a> {
    /// The weak model of a guide that needs a network of its own, or a change inside the network: any but `classifier`, `self`,
    /// `noise`, `window` and `truncate`. Whatever cannot be had is an error that says why.
    fn weak(&mut self, guide: &Guide) -> Result<Box<dyn Denoiser + 'a>>;

    /// The network that is guided, once more, for guides that are made of nothing else.
    fn again(&mut self) -> Result<Box<dyn Denoiser + 'a>>;

    /// The classifier; there is none by default.
    fn classifier(&mut self) -> Result<Box<dyn Classifier + 'a>> {
        Err(Error::Guidance("there is no classifier".into()))
    }

    /// Streams of noise for `noise`, one for each image, apart from the trajectory's own; there are none by default.
    fn noise(&mut self) -> Result<Noise> {
        Err(Error::Guidance(
            "there is no noise to disturb the input with".into(),
        ))
    }
}

impl Guide {
    /// The weak model alone: to look at it, or to have it guided. A classifier is none.
    pub fn weak<'a>(&self, guides: &mut dyn Guides<'a>) -> Result<Box<dyn Denoiser + 'a>> {
        Ok(match self {
            Self::Classifier(_) => {
                let problem = "a classifier makes no estimate by itself";
                return Err(Error::Guidance(problem.into()));
            }
            Self::Truncate(_) => Box::new(Flat),
            Self::SelfGuidance(guidance) => Box::new(Shifted::new(guides.again()?, *guidance)),
            Self::InputNoise(guidance) => {
                Box::new(Noisier::new(guides.again()?, *guidance, guides.noise()?))
            }
            Self::Window(window) => Box::new(Windowed::new(guides.again()?, *window)),
            guide => guides.weak(guide)?,
        })
    }
}

impl Plan {
    /// The guided denoiser for one trajectory of one batch.
    pub fn build<'a>(
        &self,
        strong: impl Denoiser + 'a,
        guides: &mut dyn Guides<'a>,
    ) -> Result<Composed<'a>> {
        let terms = self
            .terms
            .iter()
            .map(|term| Ok(Acting::new(term, source(term, guides)?)));
        Ok(Composed::new(
            Box::new(strong),
            terms.collect::<Result<_>>()?,
            self.finishes.clone(),
        ))
    }
}

fn source<'a>(term: &Term, guides: &mut dyn Guides<'a>) -> Result<Source<'a>> {
    match &term.guide {
        Guide::Classifier(by) => Ok(Source::Classifier(guides.classifier()?, by.dialect)),
        guide => Ok(Source::Weak(guide.weak(guides)?)),
    }
}
