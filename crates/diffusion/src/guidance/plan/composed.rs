//! The denoiser that a plan makes.

use candle_core::Tensor;

use super::at_work::Acting;
use crate::{
    Denoiser, Estimate, Evaluations, NoiseLevels, Result, Sigma,
    guidance::{Finish, shape::Evaluation},
};

/// D_m + Σ gᵢ, finished: see [`Plan::build`](super::Plan::build).
pub struct Composed<'a> {
    strong: Box<dyn Denoiser + 'a>,
    terms: Vec<Acting<'a>>,
    finishes: Vec<Finish>,
    /// How many steps the trajectory has, if a loop said so.
    steps: Option<usize>,
    /// The number of the step, and its levels.
    step: Option<(usize, Sigma, Sigma)>,
}

impl<'a> Composed<'a> {
    pub(super) fn new(
        strong: Box<dyn Denoiser + 'a>,
        terms: Vec<Acting<'a>>,
        finishes: Vec<Finish>,
    ) -> Self {
        Self {
            strong,
            terms,
            finishes,
            steps: None,
            step: None,
        }
    }

    /// Whether this is one of the first steps, in which `zero-star` lets nothing move.
    fn rests(&self, excesses: &[Option<f64>]) -> bool {
        let (Some(steps), Some((step, ..))) = (self.steps, self.step) else {
            return false;
        };
        let mut terms = self.terms.iter().zip(excesses);
        terms.any(|(term, excess)| {
            excess.is_some() && (step as f64) < (term.zero * steps as f64).round()
        })
    }

    fn guided(
        &mut self,
        noisy: &Tensor,
        sigma: Sigma,
        excesses: &[Option<f64>],
    ) -> Result<Estimate> {
        let strong = self.strong.denoise(noisy, sigma)?;
        let mut estimate = Estimate::of(strong.clone());
        for (term, &excess) in self.terms.iter_mut().zip(excesses) {
            let Some(excess) = excess else {
                continue;
            };
            let at = Evaluation {
                noisy,
                sigma,
                step: self.step.map(|(_, from, to)| (from, to)),
                strong: &strong,
                excess,
            };
            let number = self.step.map(|(number, ..)| number);
            let contribution = term.contribute(estimate.clean, &at, number)?;
            estimate.clean = contribution.guided;
            estimate.noise_from = contribution.noise_from.or(estimate.noise_from);
        }
        for finish in &self.finishes {
            estimate.clean = finish.apply(&strong, &estimate.clean)?;
        }
        Ok(estimate)
    }
}

impl Denoiser for Composed<'_> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        Ok(self.estimate(noisy, sigma)?.clean)
    }

    fn estimate(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Estimate> {
        let step = self.step.map_or(sigma, |(_, from, _)| from);
        let terms = self.terms.iter();
        let excesses: Vec<Option<f64>> = terms.map(|term| term.excess(sigma, step)).collect();
        if !self.rests(&excesses) {
            return self.guided(noisy, sigma, &excesses);
        }
        let mut still = (noisy / (1.0 + sigma.get()))?;
        for finish in &self.finishes {
            still = finish.apply(&still, &still)?;
        }
        Ok(Estimate::of(still))
    }

    fn splits(&self) -> bool {
        self.terms.iter().any(|term| term.plus_plus)
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations {
            strong: self.strong.evaluations().total(),
            weak: self.terms.iter().map(Acting::evaluations).sum(),
        }
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        self.steps = Some(levels.steps());
        self.step = None;
        self.strong.begin_trajectory(levels);
        self.terms
            .iter_mut()
            .for_each(|term| term.begin_trajectory(levels));
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        let number = self.step.map_or(0, |(number, ..)| number + 1);
        self.step = Some((number, from, to));
        self.strong.begin_step(from, to);
        self.terms
            .iter_mut()
            .for_each(|term| term.begin_step(from, to));
    }
}

impl std::fmt::Debug for Composed<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Composed")
            .field("terms", &self.terms.len())
            .field("finishes", &self.finishes)
            .finish_non_exhaustive()
    }
}
