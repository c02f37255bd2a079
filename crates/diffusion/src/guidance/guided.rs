//! The one line that classifier-free guidance and autoguidance share. Ho & Salimans 2022; Karras et al. 2024, Eq. 3.

use candle_core::Tensor;

use super::{
    Weight,
    images::{Factor, advance},
};
use crate::{Denoiser, Error, Evaluations, NoiseLevels, Result, Sigma};

/// weak + w(σ)·(strong − weak), computed as strong + (w − 1)·(strong − weak): the bits of a [`Plan`](super::Plan) of one term, and of
/// torch's `lerp` for w ≥ ½.
///
/// Where w is 1 the weak network is not run, where it is 0 the strong one is not: both are exact.
#[derive(Debug)]
pub struct Guided<S, W> {
    strong: S,
    weak: W,
    weight: Weight,
    step: Option<Sigma>,
}

impl<S: Denoiser, W: Denoiser> Guided<S, W> {
    /// Guides `strong` by `weak`.
    pub fn new(strong: S, weak: W, weight: Weight) -> Self {
        Self {
            strong,
            weak,
            weight,
            step: None,
        }
    }
}

impl<S: Denoiser, W: Denoiser> Denoiser for Guided<S, W> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        let weight = self.weight.at(sigma, self.step.unwrap_or(sigma));
        if !weight.is_finite() {
            return Err(Error::Guidance(format!(
                "the weight at noise level {sigma} is {weight}"
            )));
        }
        // Exact comparison is meant: these are the two weights at which one side has no say.
        #[expect(clippy::float_cmp)]
        if weight == 1.0 {
            return self.strong.denoise(noisy, sigma);
        }
        let weak = self.weak.denoise(noisy, sigma)?;
        if weight == 0.0 {
            return Ok(weak);
        }
        let strong = self.strong.denoise(noisy, sigma)?;
        advance(&strong, &strong, &weak, &Factor::Same(weight - 1.0))
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations {
            strong: self.strong.evaluations().total(),
            weak: self.weak.evaluations().total(),
        }
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        self.strong.begin_trajectory(levels);
        self.weak.begin_trajectory(levels);
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        self.step = Some(from);
        self.strong.begin_step(from, to);
        self.weak.begin_step(from, to);
    }
}
