//! Halving and doubling of images.

use candle_core::Tensor;

use crate::{error::Result, precision::widened, resample::image};

/// See [`crate::mean_2x2`].
pub fn mean_2x2(x: &Tensor) -> Result<Tensor> {
    let [batch, height, width, channels] = image("mean_2x2", x, 2)?;
    let blocks = [batch, height / 2, 2, width / 2, 2, channels];
    let sum = widened(x)?.reshape(&blocks[..])?.sum((2, 4))?;
    Ok((sum * 0.25)?.to_dtype(x.dtype())?)
}

/// See [`crate::nearest_2x`].
pub fn nearest_2x(x: &Tensor) -> Result<Tensor> {
    let [batch, height, width, channels] = image("nearest_2x", x, 1)?;
    let single = widened(x)?.reshape(&[batch, height, 1, width, 1, channels][..])?;
    let doubled = single.broadcast_as(&[batch, height, 2, width, 2, channels][..])?;
    let doubled = doubled.reshape((batch, 2 * height, 2 * width, channels))?;
    Ok(doubled.to_dtype(x.dtype())?)
}
