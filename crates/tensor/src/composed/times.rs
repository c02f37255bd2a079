//! Products with numbers that are known.

use candle_core::Tensor;

use crate::{error::Result, precision::widened, times::fits};

/// See [`crate::times()`].
pub fn times(x: &Tensor, factors: Vec<f32>) -> Result<Tensor> {
    fits(x, &factors)?;
    let wide = widened(x)?;
    let factors = Tensor::from_vec(factors, x.shape(), x.device())?;
    Ok((&wide * factors.to_dtype(wide.dtype())?)?.to_dtype(x.dtype())?)
}
