//! What follows a product.

use candle_core::Tensor;

use super::activation::{gelu, mp_silu, silu};
use crate::{
    error::{Named, Result},
    packed::{Activation, Epilogue, Residual},
    precision::widened,
};

/// Of a product's values `[batch, …, out]`; see [`Epilogue`].
pub fn epilogue(value: &Tensor, epilogue: &Epilogue<'_>) -> Result<Tensor> {
    epilogue.fits(Named::new("epilogue", "output", value))?;
    let mut wide = widened(value)?;
    let dtype = wide.dtype();
    if let Some(bias) = epilogue.bias {
        wide = wide.broadcast_add(&bias.to_dtype(dtype)?)?;
    }
    if let Some(gain) = epilogue.gain {
        wide = wide.broadcast_mul(&over_positions(&gain.to_dtype(dtype)?, value.rank())?)?;
    }
    wide = match epilogue.activation {
        Activation::None => wide,
        Activation::Silu => silu(&wide)?,
        Activation::MpSilu => mp_silu(&wide)?,
        Activation::Gelu => gelu(&wide)?,
        Activation::Relu => wide.relu()?,
    };
    if let Some(Residual { tensor, t, scale }) = epilogue.residual {
        let residual = tensor.to_dtype(dtype)?;
        wide = ((&residual + ((wide - &residual)? * t)?)? * scale)?;
    }
    if let Some(clip) = epilogue.clip {
        wide = wide.clamp(-clip, clip)?;
    }
    Ok(wide.to_dtype(value.dtype())?)
}

/// `[batch, channels]` to `[batch, 1, …, 1, channels]`.
fn over_positions(gain: &Tensor, rank: usize) -> Result<Tensor> {
    if rank == 1 {
        return Ok(gain.squeeze(0)?);
    }
    let mut gain = gain.clone();
    for _ in 2..rank {
        gain = gain.unsqueeze(1)?;
    }
    Ok(gain)
}
