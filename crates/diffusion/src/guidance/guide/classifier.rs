//! `classifier(dialect):s`: classifier guidance, by the gradient of a noise-aware classifier: D = D_m + s·σ²·∇ₓ log p(y | x; σ).
//! Dhariwal & Nichol 2021, arXiv 2105.05233. The scale s adds: 0 is no guidance, 1 is Bayes' rule. Published scales are 0.5 to 4
//! with a conditional network, 10 with an unconditional one at 256×256.
//!
//! - `continuous`: the formula above. ADM's DDIM form, ε̂ = ε − √(1−ᾱ)·s·∇ₓₜ log p, is the same: with x_t = √ᾱ·x the gradient in
//!   x is √ᾱ times that in x_t, and D = (x_t − √(1−ᾱ)·ε̂)/√ᾱ moves by (1−ᾱ)/√ᾱ·s·∇ₓₜ = s·σ²·∇ₓ.
//! - `adm`: ADM's DDPM form adds s·Σ·∇ₓₜ to the mean of x_{t'}, here with Σ = β̃ = β·(1−ᾱ')/(1−ᾱ), β = 1 − ᾱ/ᾱ'. The mean depends
//!   on the estimate by √ᾱ'·β/(1−ᾱ), so the estimate moves by s·(1−ᾱ')/√ᾱ'·∇ₓₜ = s·σ'²·√((1+σ²)/(1+σ'²))·∇ₓ.
//! - `adm-upper`: the same with Σ = β: s·(1−ᾱ)/√ᾱ'·∇ₓₜ = s·σ²·√((1+σ'²)/(1+σ²))·∇ₓ.
//!
//! The last two belong to the sampler `ddpm` and depend on the step σ → σ'; a learned Σ lies between them.
//! Cost: one forward and backward pass of the classifier. The caller supplies it.

use candle_core::Tensor;

use crate::{
    Error, Result, Sigma,
    guidance::text::{Keys, Method, Read, words},
};

/// The gradient of the logarithm of a probability.
pub trait Classifier {
    /// ∇ₓ log p(y | x; σ) at `noisy` `[batch, channels, height, width]`, in the same shape, where x = x₀ + σ·n. A classifier of
    /// variance-preserving states x_t = √ᾱ·x sees x_t, and its gradient in x_t is to be multiplied by √ᾱ.
    fn gradient(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor>;

    /// Gradients so far, counted once for a whole batch.
    fn evaluations(&self) -> u64;
}

/// Whose step the gradient enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The score's, and ADM's DDIM.
    #[default]
    Continuous,
    /// ADM's DDPM with the posterior's variance β̃.
    Adm,
    /// ADM's DDPM with the variance β.
    AdmUpper,
}

const DIALECTS: [(&str, Dialect); 3] = [
    ("continuous", Dialect::Continuous),
    ("adm", Dialect::Adm),
    ("adm-upper", Dialect::AdmUpper),
];

impl Dialect {
    /// What multiplies s·∇ₓ in an evaluation at `sigma` inside a step.
    pub(in crate::guidance) fn factor(
        self,
        sigma: Sigma,
        step: Option<(Sigma, Sigma)>,
    ) -> Result<f64> {
        let squared = |sigma: Sigma| sigma.get() * sigma.get();
        if self == Self::Continuous {
            return Ok(squared(sigma));
        }
        let (from, to) = step.ok_or_else(|| {
            Error::Guidance(
                "classifier guidance as ADM's DDPM has it needs a sampler's steps".into(),
            )
        })?;
        let ratio = ((1.0 + squared(from)) / (1.0 + squared(to))).sqrt();
        Ok(match self {
            Self::Adm => squared(to) * ratio,
            _ => squared(from) / ratio,
        })
    }
}

/// The gradient of a classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByClassifier {
    /// How it enters.
    pub dialect: Dialect,
}

impl Method for ByClassifier {
    const NAME: &'static str = "classifier";
    const KEYS: &'static [&'static str] = &["dialect"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            dialect: keys.word("dialect", &DIALECTS)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![words(&DIALECTS, self.dialect)]
    }
}
