//! The matrix product.

use candle_core::Tensor;

use crate::{
    bias,
    error::{Named, Result},
    linear::features,
    precision::{widened, widened_for_products},
};

/// See [`crate::linear()`].
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let named = Named::new("linear", "weight", weight);
    let [outputs, inputs] = features(x, named)?;
    bias::fits(named, bias, outputs)?;
    let mut shape = x.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = outputs;
    }
    // candle's product refuses empty matrices.
    let rows = x.elem_count().checked_div(inputs).unwrap_or(0);
    if rows == 0 || outputs == 0 {
        return Ok(Tensor::zeros(shape, x.dtype(), x.device())?);
    }
    let flat = widened_for_products(x)?.reshape((rows, inputs))?;
    let value = flat.matmul(&widened_for_products(weight)?.t()?)?;
    Ok(plus_bias(&value.reshape(shape)?, bias)?.to_dtype(x.dtype())?)
}

/// The last step of a product: in the value's own type, which may be wider than the bias.
pub(crate) fn plus_bias(value: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    match bias {
        Some(bias) => Ok(value.broadcast_add(&widened(bias)?.to_dtype(value.dtype())?)?),
        None => Ok(value.clone()),
    }
}
