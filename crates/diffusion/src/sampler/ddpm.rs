//! DDPM's ancestral sampling. Ho et al. 2020, Eq. 6 and 7; on a respaced schedule, Nichol & Dhariwal 2021, section 4.
//!
//! With β' = 1 − ᾱ/ᾱ' between the two levels visited the formulas hold for any list of levels, respaced or not.

use candle_core::Tensor;

use super::{Sampler, weighted_sum};
use crate::{Denoiser, Noise, Result, Sigma};

/// The variance of q(x_{t−1} | x_t), fixed at one of its two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variance {
    /// β̃ = (1 − ᾱ')/(1 − ᾱ)·β', exact for data without variance.
    #[default]
    Posterior,
    /// β', exact for data of unit variance.
    Upper,
}

/// Mean of the Gaussian posterior, plus noise.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ddpm {
    /// Which variance.
    pub variance: Variance,
}

impl Sampler for Ddpm {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        noise: &mut Noise,
    ) -> Result<Tensor> {
        let denoised = denoiser.denoise(&x, from)?;
        if to.is_zero() {
            return Ok(denoised);
        }
        // Eq. 7 for x_t = √ᾱ·x, and the result divided by √ᾱ'.
        let (alpha_bar, alpha_bar_next) = (from.alpha_bar(), to.alpha_bar());
        let beta = 1.0 - alpha_bar / alpha_bar_next;
        let of_clean = beta / (1.0 - alpha_bar);
        let of_noisy = (alpha_bar / alpha_bar_next) * (1.0 - alpha_bar_next) / (1.0 - alpha_bar);
        let variance = match self.variance {
            Variance::Posterior => beta * (1.0 - alpha_bar_next) / (1.0 - alpha_bar),
            Variance::Upper => beta,
        };
        let added = noise.normal_like(&x)?;
        weighted_sum(&[
            (of_clean, &denoised),
            (of_noisy, &x),
            ((variance / alpha_bar_next).sqrt(), &added),
        ])
    }
}
