//! `cfg:w`: classifier-free guidance, by an unconditional network or by the network without its label.
//! Ho & Salimans 2022, arXiv 2207.12598: D = D_u + w·(D_c − D_u); the paper's own w is one less. Published weights: 3 (GLIDE), 4
//! (Würstchen), 7 (IF), 7.5 (Stable Diffusion).
//!
//! Cost: one evaluation of the unconditional network. The caller supplies it.

use crate::guidance::text::{Keys, Method, Read};

/// An unconditional network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassifierFree;

impl Method for ClassifierFree {
    const NAME: &'static str = "cfg";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}
