//! Normalisations.

use candle_core::{D, Tensor};

use crate::{
    error::{Named, Result},
    normalise::{GroupSizes, PIXEL_NORM_EPSILON, RESPONSE_EPSILON, affine_fits, response_fits},
    precision::widened,
};

/// See [`crate::pixel_norm`].
pub fn pixel_norm(x: &Tensor) -> Result<Tensor> {
    Named::new("pixel_norm", "input", x).channels(1)?;
    Ok(pixel_normalised(&widened(x)?)?.to_dtype(x.dtype())?)
}

pub(super) fn pixel_normalised(x: &Tensor) -> Result<Tensor> {
    let channels = x.dim(D::Minus1)?.max(1) as f64;
    let magnitude = root(&(x.sqr()?.sum_keepdim(D::Minus1)? / channels)?)?;
    Ok(x.broadcast_div(&(magnitude + PIXEL_NORM_EPSILON)?)?)
}

/// √x, with slope 0 instead of ∞ at 0: of all subgradients of a norm the one that leaves zeros alone.
fn root(x: &Tensor) -> Result<Tensor> {
    const LEAST: f64 = 1e-36;
    Ok(x.maximum(LEAST)?.sqrt()?)
}

/// See [`crate::layer_norm`].
pub fn layer_norm(x: &Tensor, epsilon: f64, affine: Option<(&Tensor, &Tensor)>) -> Result<Tensor> {
    let channels = Named::new("layer_norm", "input", x).channels(1)?;
    affine_fits("layer_norm", x, affine, channels)?;
    let value = standardised(&widened(x)?, epsilon)?;
    Ok(scaled_and_shifted(&value, affine)?.to_dtype(x.dtype())?)
}

/// Over the last dimension.
fn standardised(x: &Tensor, epsilon: f64) -> Result<Tensor> {
    let count = x.dim(D::Minus1)?.max(1) as f64;
    let centred = x.broadcast_sub(&(x.sum_keepdim(D::Minus1)? / count)?)?;
    let variance = (centred.sqr()?.sum_keepdim(D::Minus1)? / count)?;
    Ok(centred.broadcast_div(&(variance + epsilon)?.sqrt()?)?)
}

fn scaled_and_shifted(x: &Tensor, affine: Option<(&Tensor, &Tensor)>) -> Result<Tensor> {
    Ok(match affine {
        Some((scale, shift)) => x
            .broadcast_mul(&widened(scale)?)?
            .broadcast_add(&widened(shift)?)?,
        None => x.clone(),
    })
}

/// See [`crate::group_norm`].
pub fn group_norm(
    x: &Tensor,
    groups: usize,
    epsilon: f64,
    scale: &Tensor,
    shift: &Tensor,
) -> Result<Tensor> {
    let sizes = GroupSizes::new("group_norm", x, groups, (scale, shift))?;
    let value = group_normalised(x, &sizes, epsilon, (scale, shift))?;
    Ok(value.to_dtype(x.dtype())?)
}

/// See [`crate::group_norm_silu`].
pub fn group_norm_silu(
    x: &Tensor,
    groups: usize,
    epsilon: f64,
    scale: &Tensor,
    shift: &Tensor,
) -> Result<Tensor> {
    let sizes = GroupSizes::new("group_norm_silu", x, groups, (scale, shift))?;
    let value = group_normalised(x, &sizes, epsilon, (scale, shift))?;
    Ok(value.silu()?.to_dtype(x.dtype())?)
}

fn group_normalised(
    x: &Tensor,
    sizes: &GroupSizes,
    epsilon: f64,
    affine: (&Tensor, &Tensor),
) -> Result<Tensor> {
    let &GroupSizes {
        batch,
        positions,
        groups,
        channels,
    } = sizes;
    let (width, row) = (channels / groups, positions * channels / groups);
    // Each group's numbers into one row, and back.
    let split = widened(x)?.reshape((batch, positions, groups, width))?;
    let rows = split.transpose(1, 2)?.reshape((batch, groups, row))?;
    let rows = standardised(&rows, epsilon)?.reshape((batch, groups, positions, width))?;
    let value = rows.transpose(1, 2)?.reshape(x.dims())?;
    scaled_and_shifted(&value, Some(affine))
}

/// See [`crate::global_response_norm`].
pub fn global_response_norm(x: &Tensor, gamma: &Tensor, beta: &Tensor) -> Result<Tensor> {
    response_fits(x, gamma, beta)?;
    let wide = widened(x)?;
    let channels = x.dim(D::Minus1)?.max(1) as f64;
    let response = root(&wide.sqr()?.sum_keepdim((1, 2))?)?;
    let mean = (response.sum_keepdim(D::Minus1)? / channels)?;
    let relative = response.broadcast_div(&(mean + RESPONSE_EPSILON)?)?;
    let contrasted = wide.broadcast_mul(&relative)?;
    let value = scaled_and_shifted(&contrasted, Some((gamma, beta)))?;
    Ok((value + wide)?.to_dtype(x.dtype())?)
}
