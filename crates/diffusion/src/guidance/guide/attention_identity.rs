//! `attention-identity:w`: perturbed-attention guidance, by the same network with its self-attention replaced by the identity: each
//! pixel gets its own value. Ahn et al. 2024, arXiv 2403.17377. The paper's scale 3 is w = 4 here, D + s·(D − D_weak) with s = w − 1.
//!
//! Cost: one evaluation of the network. The caller supplies the perturbed network.

use crate::guidance::text::{Keys, Method, Read};

/// The same network whose attention looks nowhere else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionIdentity;

impl Method for AttentionIdentity {
    const NAME: &'static str = "attention-identity";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}
