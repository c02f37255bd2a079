//! `plus-plus`: CFG++, the noise of a step from the weak estimate. Chung et al. 2024, arXiv 2406.08070.
//!
//! D_λ = D_u + λ·(D_c − D_u) with the term's weight as λ in [0, 1], and x' = D_λ + σ'·(x − D_u)/σ. The paper's λ is 0.6 in most of its
//! experiments. For one first-order step this is CFG with w = λ·σ/(σ − σ'). No λ is no guidance: where the term must not act, give
//! it an interval; λ = 1 still runs both networks.
//!
//! It changes the sampler's step, so only samplers that have a form of it take it: `euler`, `ddim`, `euler-ancestral` and
//! `dpm-solver++-2m`. The others are refused before a trajectory begins. Cost: that of CFG.

use crate::guidance::text::{Keys, Method, Read};

/// Noise from the weak estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlusPlus;

impl Method for PlusPlus {
    const NAME: &'static str = "plus-plus";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}
