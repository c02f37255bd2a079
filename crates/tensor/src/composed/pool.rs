//! Pooling as the largest or the sum of shifted images.

use candle_core::{Device, Tensor};
use foil_kernels::{convolution::Image, passes::Pooling};

use crate::{
    error::Result,
    pool::{Sizes, Window, sizes},
    precision::widened,
};

/// See [`crate::max_pool`].
pub fn max_pool(x: &Tensor, window: Window) -> Result<Tensor> {
    pool(&sizes("max_pool", x, window, Pooling::Max)?, x)
}

/// See [`crate::mean_pool`].
pub fn mean_pool(x: &Tensor, window: Window) -> Result<Tensor> {
    pool(&sizes("mean_pool", x, window, Pooling::Mean)?, x)
}

/// Of sizes that were checked.
pub(crate) fn pool(sizes: &Sizes, x: &Tensor) -> Result<Tensor> {
    let wide = widened(x)?.contiguous()?;
    let pooled = over_windows(sizes, &wide)?;
    let pooled = match sizes.shape.pooling {
        Pooling::Max => pooled,
        Pooling::Mean => pooled.div(&over_windows(sizes, &wide.ones_like()?)?)?,
    };
    Ok(pooled.to_dtype(x.dtype())?)
}

/// The largest of each window, or the sum.
fn over_windows(sizes: &Sizes, x: &Tensor) -> Result<Tensor> {
    // What changes neither.
    let outside = match sizes.shape.pooling {
        Pooling::Max => f64::NEG_INFINITY,
        Pooling::Mean => 0.0,
    };
    let Image { height, width, .. } = sizes.output;
    let (window, padding) = (sizes.shape.window, sizes.shape.padding);
    let padded = around(&around(x, 1, padding, outside)?, 2, padding, outside)?;
    let mut found: Option<Tensor> = None;
    for tap in 0..window * window {
        let every = |first: usize, count: usize| -> Result<Tensor> {
            let places = (0..count).map(|place| (first + place * sizes.shape.stride) as u32);
            Ok(Tensor::from_iter(places, &Device::Cpu)?.to_device(x.device())?)
        };
        let rows = padded.index_select(&every(tap / window, height)?, 1)?;
        let shifted = rows.index_select(&every(tap % window, width)?, 2)?;
        found = Some(match (found, sizes.shape.pooling) {
            (None, _) => shifted,
            (Some(found), Pooling::Max) => found.maximum(&shifted)?,
            (Some(found), Pooling::Mean) => (found + shifted)?,
        });
    }
    // A window has at least one tap.
    Ok(found.unwrap_or(padded))
}

/// With so many more on both ends of a dimension.
fn around(x: &Tensor, dimension: usize, padding: usize, number: f64) -> Result<Tensor> {
    if padding == 0 {
        return Ok(x.clone());
    }
    let mut shape = x.dims().to_vec();
    shape[dimension] = padding;
    let border = Tensor::full(number, shape, x.device())?.to_dtype(x.dtype())?;
    Ok(Tensor::cat(&[&border, x, &border], dimension)?)
}
