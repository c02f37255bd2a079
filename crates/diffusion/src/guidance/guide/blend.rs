//! Between classifier-free guidance and autoguidance. Karras et al. 2024, section 5.
//!
//! The paper's three-network form D_m + (1−a)(w−1)(D_m − D_u) + a(w−1)(D_m − D_g) is, rearranged, guidance by the
//! weighted mean of the two weak models: B + w·(D_m − B) with B = (1−a)·D_u + a·D_g. So only the mean is needed.

use candle_core::Tensor;

use crate::{Denoiser, Error, Evaluations, NoiseLevels, Result, Sigma};

/// (1 − a)·first + a·second. A network with share 0 is not run.
#[derive(Debug)]
pub struct Blend<U, G> {
    first: U,
    second: G,
    share: f64,
}

impl<U: Denoiser, G: Denoiser> Blend<U, G> {
    /// `share` is a in [0, 1]: 0 is `first` (the unconditional model), 1 is `second` (the autoguidance guide).
    pub fn new(first: U, second: G, share: f64) -> Result<Self> {
        if (0.0..=1.0).contains(&share) {
            return Ok(Self {
                first,
                second,
                share,
            });
        }
        Err(Error::Guidance(format!(
            "interpolation {share} is not allowed: it must be in [0, 1]"
        )))
    }
}

impl<U: Denoiser, G: Denoiser> Denoiser for Blend<U, G> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        if self.share <= 0.0 {
            return self.first.denoise(noisy, sigma);
        }
        if self.share >= 1.0 {
            return self.second.denoise(noisy, sigma);
        }
        let first = self.first.denoise(noisy, sigma)?;
        let second = self.second.denoise(noisy, sigma)?;
        Ok((&first + ((second - &first)? * self.share)?)?)
    }

    fn evaluations(&self) -> Evaluations {
        let (first, second) = (self.first.evaluations(), self.second.evaluations());
        Evaluations {
            strong: first.strong + second.strong,
            weak: first.weak + second.weak,
        }
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        self.first.begin_trajectory(levels);
        self.second.begin_trajectory(levels);
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        self.first.begin_step(from, to);
        self.second.begin_step(from, to);
    }
}
