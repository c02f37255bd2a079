//! A term on one trajectory: its weak model, and whatever its shapes remember.

use candle_core::Tensor;

use super::Term;
use crate::{
    Denoiser, NoiseLevels, Result, Sigma,
    guidance::{
        Shape, Strength,
        guide::{Classifier, Dialect},
        images::{Factor, advance, count, plus, scaled},
        shape::{Addition, Evaluation, Settled, Shaping},
    },
};

/// Where a term's difference comes from.
pub(super) enum Source<'a> {
    Weak(Box<dyn Denoiser + 'a>),
    Classifier(Box<dyn Classifier + 'a>, Dialect),
}

/// A difference that serves some steps.
struct Kept {
    difference: Tensor,
    step: usize,
}

pub(super) struct Acting<'a> {
    source: Source<'a>,
    strength: Strength,
    neutral: f64,
    shapes: Vec<Box<dyn Shaping>>,
    settled: Option<Settled>,
    /// Every how many steps the weak network runs.
    every: Option<usize>,
    kept: Option<Kept>,
    /// The share of first steps without velocity.
    pub(super) zero: f64,
    /// Whether the sampler computes the noise from the weak estimate.
    pub(super) plus_plus: bool,
}

/// What a term makes of an evaluation.
pub(super) struct Contribution {
    /// The estimate so far with the term's addition.
    pub guided: Tensor,
    /// What noise is computed from, if the term says so.
    pub noise_from: Option<Tensor>,
}

impl<'a> Acting<'a> {
    pub(super) fn new(term: &Term, source: Source<'a>) -> Self {
        let mut acting = Self {
            source,
            strength: term.strength.clone(),
            neutral: term.guide.neutral(),
            shapes: term.shapes.iter().filter_map(Shape::at_work).collect(),
            settled: None,
            every: None,
            kept: None,
            zero: 0.0,
            plus_plus: false,
        };
        for shape in &term.shapes {
            match shape {
                Shape::Adaptive(adaptive) => acting.settled = Some(Settled::new(*adaptive)),
                Shape::Refresh(refresh) => acting.every = Some(refresh.every),
                Shape::ZeroStar(zero_star) => acting.zero = zero_star.zero,
                Shape::PlusPlus(_) => acting.plus_plus = true,
                _ => {}
            }
        }
        acting
    }

    /// w(σ) − 1 where the term acts. With CFG++ it does so at any weight, as no weight makes its step the plain one.
    pub(super) fn excess(&self, sigma: Sigma, step: Sigma) -> Option<f64> {
        let excess = self.strength.excess(self.neutral, sigma, step);
        excess.filter(|excess| *excess != 0.0 || self.plus_plus)
    }

    /// Adds the term to `guided`. Called only where it acts.
    pub(super) fn contribute(
        &mut self,
        guided: Tensor,
        at: &Evaluation<'_>,
        step: Option<usize>,
    ) -> Result<Contribution> {
        if self.settled.as_ref().is_some_and(Settled::all) {
            let noise_from = self.plus_plus.then(|| at.strong.clone());
            return Ok(Contribution { guided, noise_from });
        }
        let mask = match &self.settled {
            Some(settled) => settled.mask(count(at.strong)),
            None => Factor::Same(1.0),
        };
        if let (Source::Weak(_), true) = (&self.source, self.is_plain()) {
            return self.plain(&guided, at, &mask);
        }
        let difference = self.difference(at, step)?;
        let noise_from = if self.plus_plus {
            let back = mask.times(&Factor::Same(-1.0), count(at.strong));
            Some(plus(at.strong, &difference, &back)?)
        } else {
            None
        };
        let factor = Factor::Same(at.excess);
        let mut addition = Addition { difference, factor };
        for shape in &mut self.shapes {
            addition = shape.shape(addition, at)?;
        }
        let factor = addition.factor.times(&mask, count(at.strong));
        let guided = plus(&guided, &addition.difference, &factor)?;
        Ok(Contribution { guided, noise_from })
    }

    /// Whether nothing but the weak estimate of this very evaluation is needed.
    fn is_plain(&self) -> bool {
        self.shapes.is_empty() && self.every.is_none()
    }

    /// guided + (w − 1)·(strong − weak) in one pass.
    fn plain(
        &mut self,
        guided: &Tensor,
        at: &Evaluation<'_>,
        mask: &Factor,
    ) -> Result<Contribution> {
        let weak = self.weak(at)?;
        let factor = Factor::Same(at.excess).times(mask, count(at.strong));
        let noise_from = match (self.plus_plus, mask) {
            (false, _) => None,
            (true, Factor::Same(_)) => Some(weak.clone()),
            // An image that has decided has no weak estimate any more.
            (true, Factor::Each(_)) => {
                let back = mask.times(&Factor::Same(-1.0), count(at.strong));
                Some(advance(at.strong, at.strong, &weak, &back)?)
            }
        };
        let guided = advance(guided, at.strong, &weak, &factor)?;
        Ok(Contribution { guided, noise_from })
    }

    /// Δ, from this evaluation or from a step before.
    fn difference(&mut self, at: &Evaluation<'_>, step: Option<usize>) -> Result<Tensor> {
        let Some(every) = self.every else {
            return self.fresh_difference(at);
        };
        // Outside a sampler's loop every evaluation is a step of its own, and nothing is kept.
        let Some(step) = step else {
            return self.fresh_difference(at);
        };
        if let Some(kept) = self
            .kept
            .as_ref()
            .filter(|kept| kept.step != step && step - kept.step < every)
        {
            return Ok(kept.difference.clone());
        }
        let difference = self.fresh_difference(at)?;
        self.kept = Some(Kept {
            difference: difference.clone(),
            step,
        });
        Ok(difference)
    }

    fn fresh_difference(&mut self, at: &Evaluation<'_>) -> Result<Tensor> {
        if let Source::Classifier(classifier, dialect) = &mut self.source {
            let factor = dialect.factor(at.sigma, at.step)?;
            return scaled(
                &classifier.gradient(at.noisy, at.sigma)?,
                &Factor::Same(factor),
            );
        }
        Ok((at.strong - self.weak(at)?)?)
    }

    fn weak(&mut self, at: &Evaluation<'_>) -> Result<Tensor> {
        let Source::Weak(weak) = &mut self.source else {
            unreachable!("a classifier has a gradient and no estimate, which the callers know")
        };
        let weak = weak.denoise(at.noisy, at.sigma)?;
        if let Some(settled) = &mut self.settled {
            settled.decide(at, &weak)?;
        }
        Ok(weak)
    }

    pub(super) fn evaluations(&self) -> u64 {
        match &self.source {
            Source::Weak(weak) => weak.evaluations().total(),
            Source::Classifier(classifier, _) => classifier.evaluations(),
        }
    }

    pub(super) fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        if let Source::Weak(weak) = &mut self.source {
            weak.begin_trajectory(levels);
        }
        self.kept = None;
        self.shapes
            .iter_mut()
            .for_each(|shape| shape.begin_trajectory());
        if let Some(settled) = &mut self.settled {
            settled.begin_trajectory();
        }
    }

    pub(super) fn begin_step(&mut self, from: Sigma, to: Sigma) {
        if let Source::Weak(weak) = &mut self.source {
            weak.begin_step(from, to);
        }
    }
}
