//! Euler's method on the probability-flow equation, which is DDIM with η = 0. Order 1, one evaluation a step.

use candle_core::Tensor;

use super::{Sampler, first_order_split};
use crate::{Denoiser, Noise, Result, Sigma};

/// x' = x + (σ' − σ)·(x − D)/σ. Song et al. 2021 (DDIM); Karras et al. 2022.
#[derive(Debug, Clone, Copy, Default)]
pub struct Euler;

impl Sampler for Euler {
    fn step(
        &mut self,
        denoiser: &mut dyn Denoiser,
        x: Tensor,
        from: Sigma,
        to: Sigma,
        _noise: &mut Noise,
    ) -> Result<Tensor> {
        let estimate = denoiser.estimate(&x, from)?;
        first_order_split(&x, &estimate, from, to)
    }

    fn splits(&self) -> bool {
        true
    }
}
