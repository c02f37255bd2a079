//! Trained networks, and the binding of a condition that turns one into a denoiser.

use candle_core::Tensor;

use crate::{Denoiser, Evaluations, Result, Sigma};

/// A trained network that estimates clean images. Noise levels and conditions may differ per sample, as in a loss.
pub trait Model {
    /// Labels, text embeddings, masks: whatever the network is told besides the image; `()` for nothing.
    type Condition;

    /// D(x; σ, condition) for `noisy` `[batch, channels, height, width]` and `sigma` `[batch]`.
    fn denoise_batch(
        &self,
        noisy: &Tensor,
        sigma: &Tensor,
        condition: &Self::Condition,
    ) -> Result<Tensor>;

    /// The same with one noise level for the whole batch, known on the host: what sampling needs. Override it
    /// where that saves a wait for the device.
    fn denoise_at(
        &self,
        noisy: &Tensor,
        sigma: Sigma,
        condition: &Self::Condition,
    ) -> Result<Tensor> {
        let sigmas =
            Tensor::full(sigma.get(), noisy.dim(0)?, noisy.device())?.to_dtype(noisy.dtype())?;
        self.denoise_batch(noisy, &sigmas, condition)
    }

    /// Binds a condition.
    fn given<'a>(&'a self, condition: &'a Self::Condition) -> Given<'a, Self> {
        Given {
            model: self,
            condition,
            evaluations: 0,
        }
    }
}

/// A model with its condition: a denoiser that counts its evaluations.
#[derive(Debug)]
pub struct Given<'a, M: Model + ?Sized> {
    model: &'a M,
    condition: &'a M::Condition,
    evaluations: u64,
}

impl<M: Model + ?Sized> Denoiser for Given<'_, M> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.evaluations += 1;
        self.model.denoise_at(noisy, sigma, self.condition)
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations {
            strong: self.evaluations,
            weak: 0,
        }
    }
}
