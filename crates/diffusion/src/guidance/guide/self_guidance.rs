//! `self(shift):w`: Self-Guidance, by the same network at the same image, told a higher noise level: D(x; σ(t + δ)).
//! arXiv 2412.05827, with δ = 1 % of the time and scale 3, which is w = 4 here.
//!
//! The time is the schedules' own, t = (2/π)·atan σ. Near pure noise, where t + δ would pass 1, it stops half of the way there.
//! Cost: one evaluation of the network. Made here, of the network itself.

use candle_core::Tensor;

use crate::{
    Denoiser, Evaluations, NoiseLevels, Result, Sigma,
    guidance::{
        text::{Allowed, Keys, Method, Read, number},
        weight::time,
    },
};

/// The same network, told a higher noise level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfGuidance {
    /// δ, how far in time, from 0 to 1; 0.01 by default.
    pub shift: f64,
}

impl SelfGuidance {
    /// The noise level that the network is told.
    pub fn raised(self, sigma: Sigma) -> Result<Sigma> {
        let t = time(sigma);
        let later = (t + self.shift).min(0.5 * (1.0 + t));
        let raised = (std::f64::consts::FRAC_PI_2 * later).tan();
        // Rounding of atan and tan must not lower it.
        Sigma::new(raised.max(sigma.get()))
    }
}

impl Method for SelfGuidance {
    const NAME: &'static str = "self";
    const KEYS: &'static [&'static str] = &["shift"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            shift: keys.number("shift", 0.01, Allowed::SHARE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.shift)]
    }
}

/// A denoiser that is told a higher noise level than the image has.
#[derive(Debug)]
pub struct Shifted<D> {
    denoiser: D,
    guidance: SelfGuidance,
}

impl<D: Denoiser> Shifted<D> {
    /// Shifts what `denoiser` is told.
    pub fn new(denoiser: D, guidance: SelfGuidance) -> Self {
        Self { denoiser, guidance }
    }
}

impl<D: Denoiser> Denoiser for Shifted<D> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.denoiser.denoise(noisy, self.guidance.raised(sigma)?)
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
