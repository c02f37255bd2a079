//! Attention and the softmax in it.

use candle_core::{D, Tensor};
use foil_kernels::attention::Attention;

use super::normalise::pixel_normalised;
use crate::{
    attention::sizes,
    error::{Named, Result},
    precision::{widened, widened_for_products},
};

/// See [`crate::softmax()`].
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    Named::new("softmax", "input", x).channels(1)?;
    Ok(softmax_of(&widened(x)?)?.to_dtype(x.dtype())?)
}

fn softmax_of(x: &Tensor) -> Result<Tensor> {
    // candle knows no largest of nothing.
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    // The largest is subtracted only to keep the exponentials finite: it cancels, and so does its gradient.
    let largest = x.max_keepdim(D::Minus1)?.detach();
    let exponentials = x.broadcast_sub(&largest)?.exp()?;
    let sum = exponentials.sum_keepdim(D::Minus1)?;
    Ok(exponentials.broadcast_div(&sum)?)
}

/// See [`crate::attention()`].
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
    let sizes = sizes("attention", [q, k, v], heads)?;
    attend([q, k, v], &sizes, &|x| Ok(x.clone()))
}

/// See [`crate::cosine_attention`].
pub fn cosine_attention(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
    let sizes = sizes("cosine_attention", [q, k, v], heads)?;
    attend([q, k, v], &sizes, &|x| {
        Ok(pixel_normalised(&widened(x)?)?.to_dtype(x.dtype())?)
    })
}

fn attend(
    tokens: [&Tensor; 3],
    sizes: &Attention,
    prepare: &dyn Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let [q, k, v] = tokens.map(|tensor| -> Result<Tensor> {
        prepare(&widened_for_products(&split_heads(tensor, sizes)?)?)
    });
    let (q, k, v) = (q?, k?, v?);
    let scores = (q.matmul(&k.t()?)? * (sizes.width as f64).powf(-0.5))?;
    let probabilities = softmax_of(&widened(&scores)?)?.to_dtype(v.dtype())?;
    let mixed = probabilities.matmul(&v)?.transpose(1, 2)?;
    Ok(mixed
        .reshape(tokens[0].dims())?
        .to_dtype(tokens[0].dtype())?)
}

/// `[batch, heads, tokens, width]`.
fn split_heads(tokens: &Tensor, sizes: &Attention) -> Result<Tensor> {
    let (batch, count, _) = tokens.dims3()?;
    let split = tokens.reshape((batch, count, sizes.heads, sizes.width))?;
    Ok(split.transpose(1, 2)?.contiguous()?)
}
