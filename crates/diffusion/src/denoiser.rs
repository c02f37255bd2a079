//! The one interface that samplers and guidance see.
//!
//! `&mut self`, as in `FnMut`: momentum, caches and counters of a denoiser are plain fields, fresh for each
//! trajectory. The condition has been bound before, so that none appears here.

use candle_core::Tensor;

use crate::{NoiseLevels, Result, Sigma};

/// Network evaluations since a denoiser was made, counted once for a whole batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evaluations {
    /// By the model that is guided (and by an unguided one).
    pub strong: u64,
    /// By the models that guide it.
    pub weak: u64,
}

impl Evaluations {
    /// All evaluations.
    pub fn total(self) -> u64 {
        self.strong + self.weak
    }
}

/// What a denoiser knows at one noise level. For CFG++ the noise is not what the estimate leaves of x, but what another one does.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// D, in the shape of x `[batch, channels, height, width]`.
    pub clean: Tensor,
    /// The estimate that the noise is computed from, ε = (x − this)/σ, in the same shape; `None` is D itself.
    pub noise_from: Option<Tensor>,
}

impl Estimate {
    /// An estimate that the noise is computed from as well.
    pub fn of(clean: Tensor) -> Self {
        Self {
            clean,
            noise_from: None,
        }
    }
}

/// Estimates the clean image from a noisy one: D(x; σ).
pub trait Denoiser {
    /// The estimate for `noisy` `[batch, channels, height, width]`, in the same shape.
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor>;

    /// The same with what the noise is to be computed from, for samplers that have a form of CFG++.
    fn estimate(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Estimate> {
        Ok(Estimate::of(self.denoise(noisy, sigma)?))
    }

    /// Whether the noise may come from another estimate: then the sampler must ask for [`estimate`](Self::estimate).
    fn splits(&self) -> bool {
        false
    }

    /// Network evaluations so far.
    fn evaluations(&self) -> Evaluations;

    /// Called by the loop before a trajectory, for whatever depends on all of it.
    fn begin_trajectory(&mut self, _levels: &NoiseLevels) {}

    /// Called by the loop before each step, for whatever is decided once per step and not once per evaluation.
    fn begin_step(&mut self, _from: Sigma, _to: Sigma) {}
}

impl<D: Denoiser + ?Sized> Denoiser for &mut D {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        (**self).denoise(noisy, sigma)
    }

    fn estimate(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Estimate> {
        (**self).estimate(noisy, sigma)
    }

    fn splits(&self) -> bool {
        (**self).splits()
    }

    fn evaluations(&self) -> Evaluations {
        (**self).evaluations()
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        (**self).begin_trajectory(levels);
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        (**self).begin_step(from, to);
    }
}

impl<D: Denoiser + ?Sized> Denoiser for Box<D> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        (**self).denoise(noisy, sigma)
    }

    fn estimate(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Estimate> {
        (**self).estimate(noisy, sigma)
    }

    fn splits(&self) -> bool {
        (**self).splits()
    }

    fn evaluations(&self) -> Evaluations {
        (**self).evaluations()
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        (**self).begin_trajectory(levels);
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        (**self).begin_step(from, to);
    }
}

/// A denoiser from a function; every call counts as one strong evaluation.
#[derive(Debug, Clone)]
pub struct FromFunction<F> {
    function: F,
    calls: u64,
}

impl<F: FnMut(&Tensor, Sigma) -> Result<Tensor>> FromFunction<F> {
    /// Wraps the function.
    pub fn new(function: F) -> Self {
        Self { function, calls: 0 }
    }
}

impl<F: FnMut(&Tensor, Sigma) -> Result<Tensor>> Denoiser for FromFunction<F> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.calls += 1;
        (self.function)(noisy, sigma)
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations {
            strong: self.calls,
            weak: 0,
        }
    }
}
