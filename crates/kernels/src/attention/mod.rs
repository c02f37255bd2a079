//! Scaled dot-product attention, softmax(QKᵀ/√d)·V for every head, and its gradients.
//!
//! The matrix of scores is never whole in memory: a tile of queries meets a block of keys at a time, and what was summed so far is
//! rescaled when a larger score appears (Milakov & Gimelshein 2018; Dao et al. 2022). Both products are those of the crate's
//! microkernels.

mod backward;
mod forward;
mod heads;

pub use backward::{Gradients, backward};
pub use forward::forward;

use crate::Element;

/// Sizes of an attention; self-attention has as many queries as keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// Samples.
    pub batch: usize,
    /// Tokens that ask.
    pub queries: usize,
    /// Tokens that are asked.
    pub keys: usize,
    /// Heads, each with channels of its own.
    pub heads: usize,
    /// Channels of a head.
    pub width: usize,
    /// Cosine attention: the channels of each head of q, k and v are first divided by ε plus their root mean square, with this ε (Karras
    /// et al. 2024, section 2.3).
    pub normalise: Option<f32>,
}

/// Tokens `[batch, tokens, heads · width]`, each `stride` elements after the one before: q, k and v may be parts of one tensor.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a, T> {
    /// From the first token's first channel on.
    pub data: &'a [T],
    /// At least `heads · width`.
    pub stride: usize,
}

impl Attention {
    fn check<T: Element>(&self, q: Tokens<'_, T>, k: Tokens<'_, T>, v: Tokens<'_, T>) {
        let channels = self.heads * self.width;
        for (name, tokens, count) in [
            ("q", q, self.queries),
            ("k", k, self.keys),
            ("v", v, self.keys),
        ] {
            let count = self.batch * count;
            assert!(
                tokens.stride >= channels,
                "{name}: {channels} channels at stride {}",
                tokens.stride
            );
            let needed = if count == 0 {
                0
            } else {
                (count - 1) * tokens.stride + channels
            };
            assert!(
                tokens.data.len() >= needed,
                "{name}: {} elements where {needed} are needed by {self:?}",
                tokens.data.len()
            );
        }
        assert!(
            self.keys > 0 || self.queries == 0 || self.batch == 0,
            "no keys: {self:?}"
        );
    }

    /// What the scores are multiplied with.
    fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }
}
