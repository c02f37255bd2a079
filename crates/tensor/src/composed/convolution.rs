//! Convolutions as candle's, between two permutations.

use candle_core::Tensor;
use foil_kernels::convolution::Image;

use super::linear::plus_bias;
use crate::{
    bias,
    convolution::{Padding, depthwise_image, described, images},
    error::{Named, Result},
    precision::{widened, widened_for_products},
};

/// See [`crate::conv2d()`].
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: usize,
    padding: impl Into<Padding>,
) -> Result<Tensor> {
    let named = Named::new("conv2d", "weight", weight);
    let shape = described(named, stride, padding, false)?;
    let padding = shape.padding;
    let [Image { height, width, .. }, _] = images(x, named, &shape)?;
    bias::fits(named, bias, shape.outputs)?;
    let whole = [height + 2 * padding[0], width + 2 * padding[1]];
    let reached = |axis: usize| {
        let kernel = shape.kernel[axis];
        (whole[axis] - kernel) / stride * stride + kernel
    };
    let reached = [reached(0), reached(1)];
    let planes = widened_for_products(x)?.permute((0, 3, 1, 2))?;
    let kernel = widened_for_products(weight)?;
    let value = if reached == whole && padding[0] == padding[1] {
        planes.conv2d(&kernel, padding[0], stride, 1, 1)?
    } else {
        let planes = padded(&planes, reached, padding)?;
        planes.conv2d(&kernel, 0, stride, 1, 1)?
    };
    Ok(plus_bias(&value.permute((0, 2, 3, 1))?, bias)?.to_dtype(x.dtype())?)
}

/// With its padding, but without the rows and columns at the end that no step of the stride reaches: candle's gradient assumes
/// that there are none, or equally many of both.
fn padded(planes: &Tensor, reached: [usize; 2], padding: [usize; 2]) -> Result<Tensor> {
    let mut padded = planes.clone();
    for (axis, reached, padding) in [(2, reached[0], padding[0]), (3, reached[1], padding[1])] {
        let length = planes.dim(axis)?;
        let kept = reached.saturating_sub(padding);
        padded = padded.narrow(axis, 0, kept.min(length))?.pad_with_zeros(
            axis,
            padding.min(reached),
            kept.saturating_sub(length),
        )?;
    }
    Ok(padded)
}

/// See [`crate::conv_transpose2d()`].
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: usize,
    padding: usize,
) -> Result<Tensor> {
    let named = Named::new("conv_transpose2d", "weight", weight);
    let shape = described(named, stride, padding, true)?;
    images(x, named, &shape)?;
    bias::fits(named, bias, shape.outputs)?;
    let planes = widened_for_products(x)?.permute((0, 3, 1, 2))?;
    let kernel = widened_for_products(weight)?;
    let value = planes.conv_transpose2d(&kernel, padding, 0, stride, 1)?;
    Ok(plus_bias(&value.permute((0, 2, 3, 1))?, bias)?.to_dtype(x.dtype())?)
}

/// See [`crate::depthwise_conv2d()`].
pub fn depthwise_conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let named = Named::new("depthwise_conv2d", "weight", weight);
    let Image { height, width, .. } = depthwise_image(x, named)?;
    bias::fits(named, bias, weight.dims()[0])?;
    let padded = widened(x)?
        .pad_with_zeros(1, 1, 1)?
        .pad_with_zeros(2, 1, 1)?;
    let taps = widened(weight)?.flatten_from(1)?.t()?.contiguous()?;
    let product = |tap: usize| -> Result<Tensor> {
        let rows = padded.narrow(1, tap / 3, height)?;
        let shifted = rows.narrow(2, tap % 3, width)?;
        Ok(shifted.broadcast_mul(&taps.get(tap)?)?)
    };
    let mut value = product(0)?;
    for tap in 1..9 {
        value = (value + product(tap)?)?;
    }
    Ok(plus_bias(&value, bias)?.to_dtype(x.dtype())?)
}
