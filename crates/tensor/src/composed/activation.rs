//! Functions of each element.

use std::f64::consts::FRAC_1_SQRT_2;

use candle_core::Tensor;

use crate::{activation::MP_SILU_GAIN, error::Result, precision::widened};

/// See [`crate::silu`].
pub fn silu(x: &Tensor) -> Result<Tensor> {
    Ok(widened(x)?.silu()?.to_dtype(x.dtype())?)
}

/// See [`crate::mp_silu`].
pub fn mp_silu(x: &Tensor) -> Result<Tensor> {
    Ok((widened(x)?.silu()? * MP_SILU_GAIN)?.to_dtype(x.dtype())?)
}

/// See [`crate::gelu`].
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    // Not candle's own `gelu_erf`: its derivative has a constant of six digits.
    let wide = widened(x)?;
    let twice_cdf = ((&wide * FRAC_1_SQRT_2)?.erf()? + 1.0)?;
    Ok(((wide * 0.5)? * twice_cdf)?.to_dtype(x.dtype())?)
}
