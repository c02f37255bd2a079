//! What may be done to a network while it is evaluated, without other weights: dropout in training, and the perturbations that make a
//! guide of the network itself.

use super::value::Value;
use crate::Result;

/// Departures from the network as planned. By default none; blocks are counted from 0 in the order in which they run.
pub(super) trait Alteration<V: Value> {
    /// Whether only the main path of a block is left.
    fn skips(&self, _block: usize) -> bool {
        false
    }

    /// What becomes of the residual branch between its convolutions, `[batch, height, width, channels]`.
    fn branch(&self, _block: usize, branch: V) -> Result<V> {
        Ok(branch)
    }

    /// Attention of an image's pixels, from queries, keys and values side by side, `[batch, height · width, 3 · channels]`.
    fn attention(&self, _block: usize, qkv: &V, grid: Grid) -> Result<V> {
        Ok(qkv.cosine_attention(grid.heads)?)
    }
}

/// What attention is told about its tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub heads: usize,
    pub height: usize,
    pub width: usize,
}

/// The network as planned.
pub(super) struct Unaltered;

impl<V: Value> Alteration<V> for Unaltered {}
