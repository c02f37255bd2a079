//! What all packed products share: from tensors to slices and back.

use candle_core::{DType, Device, Tensor};
use foil_kernels::{Instructions, bf16, passes, product};

use super::epilogue::{Epilogue, Residual};
use crate::{
    error::{Error, Named, Result},
    normalise::PIXEL_NORM_EPSILON,
    operation::{Stored, with_slice, zeros},
};

/// The output of this shape that `multiply` makes of an input's slice, with an epilogue whose parts are known to fit.
pub(super) fn output<T: Stored>(
    x: &Tensor,
    epilogue: &Epilogue<'_>,
    shape: &[usize],
    multiply: impl FnOnce(&[T], &product::Epilogue<'_, T>, &mut [T]),
) -> Result<Tensor> {
    let count = shape.iter().product();
    if count == 0 {
        return Ok(Tensor::zeros(shape, x.dtype(), x.device())?);
    }
    let (bias, gain) = (numbers(epilogue.bias)?, numbers(epilogue.gain)?);
    let multiply = |x: &[T], residual: Option<product::Residual<'_, T>>| {
        let epilogue = product::Epilogue {
            bias: bias.as_deref(),
            gain: gain.as_deref(),
            activation: epilogue.activation,
            residual,
            clip: epilogue.clip.map(|clip| clip as f32),
        };
        let mut out = zeros(count);
        multiply(x, &epilogue, &mut out);
        out
    };
    let out = match epilogue.residual {
        None => with_slice(x, |x| multiply(x, None))?,
        Some(Residual { tensor, t, scale }) => with_slice(x, |x| {
            with_slice(tensor, |data| {
                let (t, scale) = (t as f32, scale as f32);
                multiply(x, Some(product::Residual { data, t, scale }))
            })
        })??,
    };
    Ok(Tensor::from_vec(out, shape, &Device::Cpu)?)
}

fn numbers(tensor: Option<&Tensor>) -> Result<Option<Vec<f32>>> {
    let Some(tensor) = tensor else {
        return Ok(None);
    };
    let flat = tensor.to_dtype(DType::F32)?.flatten_all()?;
    Ok(Some(flat.to_vec1()?))
}

/// Room for some rows of a weight, in the type that it is packed in.
#[derive(Debug)]
pub enum Rows<'a> {
    /// As `f32`.
    Single(&'a mut [f32]),
    /// As `bf16`.
    Half(&'a mut [bf16]),
}

impl Rows<'_> {
    /// Writes row `index` as weight-normalised layers use it, x · scale / (10⁻⁴ + ‖x‖₂ / √length); returns what `x` was
    /// multiplied by, which is no number if `x` has none. The row must exist. Karras et al. 2024, Eq. 47.
    pub fn write_normalised(&mut self, index: usize, x: &[f32], scale: f32) -> f32 {
        let constants = [PIXEL_NORM_EPSILON as f32, scale];
        let (instructions, length) = (Instructions::best(), x.len());
        match self {
            Self::Single(rows) => {
                let row = &mut rows[index * length..][..length];
                passes::unit_row(instructions, constants, x, row)
            }
            Self::Half(rows) => {
                let row = &mut rows[index * length..][..length];
                passes::unit_row(instructions, constants, x, row)
            }
        }
    }
}

/// Packs rows by the kernels of a type, if there are any.
pub(super) fn pack_rows<F, B, E: From<Error>>(
    weight: Named<'_>,
    single: impl FnOnce() -> std::result::Result<F, E>,
    half: impl FnOnce() -> std::result::Result<B, E>,
) -> std::result::Result<Weight<F, B>, E> {
    if weight.shape.contains(&0) {
        return Err(weight.problem("expected at least one element").into());
    }
    match weight.dtype {
        DType::F32 => Ok(Weight::Single(single()?)),
        DType::BF16 => Ok(Weight::Half(half()?)),
        _ => Err(weight.problem("rows are packed in F32 and BF16").into()),
    }
}

/// A packed weight in either type, or the weight itself where no kernel takes it.
#[derive(Debug)]
pub(super) enum Weight<F, B> {
    Single(F),
    Half(B),
    Composed(Tensor),
}
