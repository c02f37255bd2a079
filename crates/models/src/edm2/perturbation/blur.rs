//! Attention with blurred queries. Hong 2024 (2408.00760), section 4.
//!
//! The blur is meant to average the scores QKᵀ of neighbouring pixels before the softmax, and does because scores are linear in the
//! queries. In cosine attention they are linear in the *normalised* queries: the blur belongs after the normalisation, and nothing
//! may be normalised after it. Blurred before, the queries would get their magnitude back, and the attention its sharpness.
//!
//! Weights are a Gaussian's over the pixels that exist, and sum to 1 at the border too, so that σ → ∞ is the mean query. A row's and a
//! column's weights are independent: the blur is a product from each side.

use candle_core::{DType, Tensor};
use foil_tensor::attention;

use super::{
    super::{
        alteration::{Alteration, Grid},
        value::Value,
    },
    identity::normalised,
};
use crate::Result;

/// Which blocks' queries are blurred, and how far.
pub(super) struct BlurredQueries {
    pub chosen: Vec<bool>,
    /// In pixels.
    pub sigma: f64,
}

impl Alteration<Tensor> for BlurredQueries {
    fn attention(&self, block: usize, qkv: &Tensor, grid: Grid) -> Result<Tensor> {
        if !self.chosen[block] {
            return Ok(Value::cosine_attention(qkv, grid.heads)?);
        }
        let features = qkv.dim(2)? / 3;
        let part = |index: usize| qkv.narrow(2, index * features, features);
        // Half precision is left once: after the blur.
        let queries = normalised(&part(0)?.to_dtype(DType::F32)?, grid.heads)?;
        let queries = self.blurred(&queries, grid)?.to_dtype(qkv.dtype())?;
        let keys = normalised(&part(1)?, grid.heads)?;
        let values = normalised(&part(2)?, grid.heads)?;
        Ok(attention(&queries, &keys, &values, grid.heads)?)
    }
}

impl BlurredQueries {
    /// `[batch, height · width, features]` in `f32`.
    fn blurred(&self, queries: &Tensor, Grid { height, width, .. }: Grid) -> Result<Tensor> {
        let (batch, _, features) = queries.dims3()?;
        let weights = |size| -> Result<Tensor> {
            Ok(Tensor::from_vec(
                gaussian(size, self.sigma),
                (size, size),
                queries.device(),
            )?)
        };
        let rows = queries.reshape((batch * height, width, features))?;
        let rows = weights(width)?.broadcast_matmul(&rows)?;
        let columns = rows.reshape((batch, height, width * features))?;
        let columns = weights(height)?.broadcast_matmul(&columns)?;
        Ok(columns.reshape(queries.shape())?)
    }
}

/// Weights `[size, size]` of the pixels of a line in the blurred ones.
fn gaussian(size: usize, sigma: f64) -> Vec<f32> {
    let mut weights = Vec::with_capacity(size * size);
    for to in 0..size {
        let weight = |from: usize| (-0.5 * (to.abs_diff(from) as f64 / sigma).powi(2)).exp();
        let sum: f64 = (0..size).map(weight).sum();
        weights.extend((0..size).map(|from| (weight(from) / sum) as f32));
    }
    weights
}
