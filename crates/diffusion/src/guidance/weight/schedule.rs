//! Weights that follow the noise level: w(σ) = 1 + (w − 1)·e(t), with an envelope e over the time t(σ) = (2/π)·atan σ.
//!
//! t is the time of the cosine schedule, ᾱ = cos²(πt/2): 0 without noise, 1 in pure noise, whatever levels a sampler visits. The
//! papers' times run over their own schedules; on another one their shapes are stretched, and that is all that is lost. Every
//! envelope has the mean 1 over t, so that w stays comparable between schedules. Of a classifier's scale s: s(σ) = s·e(t).

use super::{Beta, Cosine, Linear, Power};
use crate::{Sigma, guidance::text::methods};

/// Where in (0, 1) a noise level is.
pub(in crate::guidance) fn time(sigma: Sigma) -> f64 {
    sigma.get().atan() * std::f64::consts::FRAC_2_PI
}

methods! {
    /// An envelope.
    Schedule {
        /// `linear`
        Linear(Linear),
        /// `cosine`
        Cosine(Cosine),
        /// `power(exponent)`
        Power(Power),
        /// `beta(a,b)`
        Beta(Beta),
    }
}

impl Schedule {
    /// e at a noise level.
    pub fn at(&self, sigma: Sigma) -> f64 {
        let t = time(sigma);
        match self {
            Self::Linear(_) => Linear::at(t),
            Self::Cosine(_) => Cosine::at(t),
            Self::Power(power) => power.at(t),
            Self::Beta(beta) => beta.at(t),
        }
    }
}
