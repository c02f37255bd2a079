//! Sums and concatenations that keep the magnitude.

use candle_core::{D, Tensor};

use crate::{
    error::Result,
    mix::{mp_cat_weights, mp_sum_scale, same_but_channels, same_shape},
    precision::widened,
};

/// See [`crate::mp_sum`].
pub fn mp_sum(a: &Tensor, b: &Tensor, t: f64) -> Result<Tensor> {
    same_shape("mp_sum", a, b)?;
    let scale = mp_sum_scale(t);
    let sum = ((widened(a)? * (scale * (1.0 - t)))? + (widened(b)? * (scale * t))?)?;
    Ok(sum.to_dtype(a.dtype())?)
}

/// See [`crate::mp_cat`].
pub fn mp_cat(a: &Tensor, b: &Tensor, t: f64) -> Result<Tensor> {
    let channels = same_but_channels("mp_cat", a, b)?;
    let weights = mp_cat_weights(channels, t);
    let parts = [(widened(a)? * weights[0])?, (widened(b)? * weights[1])?];
    Ok(Tensor::cat(&parts, D::Minus1)?.to_dtype(a.dtype())?)
}
