//! What the composed definitions compute in. Numbers of 16 bits are for storage: sums are of 32, and the result is rounded once.

use candle_core::{DType, Device, Tensor};

use crate::error::Result;

/// In `f32` if stored in 16 bits, else as it is.
pub(crate) fn widened(x: &Tensor) -> Result<Tensor> {
    Ok(match x.dtype() {
        DType::F16 | DType::BF16 => x.to_dtype(DType::F32)?,
        _ => x.clone(),
    })
}

/// As [`widened`] on the CPU, where candle has no 16-bit products. Elsewhere the device's own products are of 16 bits and summed
/// in 32, which is what makes them fast.
pub(crate) fn widened_for_products(x: &Tensor) -> Result<Tensor> {
    match x.device() {
        Device::Cpu => widened(x),
        _ => Ok(x.clone()),
    }
}
