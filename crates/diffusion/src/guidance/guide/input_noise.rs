//! `noise(amount):w`: by the same network at a noisier image, D(x + σ·√((1+a)² − 1)·n; (1+a)·σ). After Karras et al. 2024,
//! section 5 (arXiv 2406.02507), whose guide suffers from more noise at its input than the main network.
//!
//! n is drawn anew at every evaluation, from each image's own stream.
//! Cost: one evaluation of the network. Made here, of the network itself.

use candle_core::Tensor;

use crate::{
    Denoiser, Evaluations, Noise, NoiseLevels, Result, Sigma,
    guidance::{
        images::{Factor, plus},
        text::{Allowed, Keys, Method, Read, number},
    },
};

/// The same network at a noisier image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputNoise {
    /// a, by what share the noise level rises.
    pub amount: f64,
}

impl Method for InputNoise {
    const NAME: &'static str = "noise";
    const KEYS: &'static [&'static str] = &["amount"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            amount: keys.required("amount", Allowed::POSITIVE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.amount)]
    }
}

/// A denoiser whose input gets more noise, and that is told so.
#[derive(Debug)]
pub struct Noisier<D> {
    denoiser: D,
    amount: f64,
    noise: Noise,
}

impl<D: Denoiser> Noisier<D> {
    /// Adds noise of these streams, one for each image, to what `denoiser` sees.
    pub fn new(denoiser: D, guidance: InputNoise, noise: Noise) -> Self {
        Self {
            denoiser,
            amount: guidance.amount,
            noise,
        }
    }
}

impl<D: Denoiser> Denoiser for Noisier<D> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        let rise = 1.0 + self.amount;
        let added = sigma.get() * (rise * rise - 1.0).sqrt();
        let noisier = plus(noisy, &self.noise.normal_like(noisy)?, &Factor::Same(added))?;
        self.denoiser
            .denoise(&noisier, Sigma::new(sigma.get() * rise)?)
    }

    fn evaluations(&self) -> Evaluations {
        self.denoiser.evaluations()
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        self.denoiser.begin_trajectory(levels);
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        self.denoiser.begin_step(from, to);
    }
}
