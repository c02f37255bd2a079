//! Attention whose weights are the identity: each pixel gets its own value. Ahn et al. 2024, Eq. 12.
//!
//! EDM2's cosine attention normalises values along with queries and keys, so the result is the value of magnitude 1 in each head.
//! Queries and keys do not matter, and no weights are computed.

use candle_core::Tensor;
use foil_tensor::pixel_norm;

use super::super::{
    alteration::{Alteration, Grid},
    value::Value,
};
use crate::Result;

/// Whether the attention of each block is the identity.
pub(super) struct IdentityAttention(pub Vec<bool>);

impl Alteration<Tensor> for IdentityAttention {
    fn attention(&self, block: usize, qkv: &Tensor, grid: Grid) -> Result<Tensor> {
        if !self.0[block] {
            return Ok(Value::cosine_attention(qkv, grid.heads)?);
        }
        let features = qkv.dim(2)? / 3;
        normalised(&qkv.narrow(2, 2 * features, features)?, grid.heads)
    }
}

/// Each head of each token to magnitude 1, `[batch, tokens, features]`.
pub(super) fn normalised(tokens: &Tensor, heads: usize) -> Result<Tensor> {
    let (batch, count, features) = tokens.dims3()?;
    let by_head = tokens
        .contiguous()?
        .reshape((batch, count, heads, features / heads))?;
    Ok(pixel_norm(&by_head)?.reshape((batch, count, features))?)
}
