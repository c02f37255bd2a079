//! Packed weights of linear layers.

use std::ops::Range;

use candle_core::{DType, Tensor};
use foil_kernels::{Instructions, bf16, product};

use super::{
    epilogue::{Epilogue, batch},
    product::{Rows, Weight, output, pack_rows},
};
use crate::{
    composed,
    error::{Error, Named, Result},
    linear::features,
    operation::{is_fast, with_slice},
};

/// The weight of a [`linear`](crate::linear()) layer, packed once.
#[derive(Debug)]
pub struct PackedLinear {
    /// `[out, in]`
    shape: [usize; 2],
    dtype: DType,
    weight: Weight<product::PackedLinear<f32>, product::PackedLinear<bf16>>,
}

impl PackedLinear {
    /// A weight `[out, in]`.
    pub fn new(weight: &Tensor) -> Result<Self> {
        let shape = Named::new("linear", "weight", weight).dimensions("[out, in]")?;
        let instructions = Instructions::best();
        let packed = match weight.dtype() {
            _ if !is_fast(&[weight]) => Weight::Composed(weight.detach()),
            DType::BF16 => Weight::Half(with_slice(weight, |weight| {
                product::PackedLinear::new(instructions, shape, weight)
            })?),
            _ => Weight::Single(with_slice(weight, |weight| {
                product::PackedLinear::new(instructions, shape, weight)
            })?),
        };
        Ok(Self {
            shape,
            dtype: weight.dtype(),
            weight: packed,
        })
    }

    /// On the CPU, in `F32` or `BF16`, of a weight `[out, in]` whose rows, one for each output, `rows` writes for a range of outputs when
    /// they are packed, on any thread.
    pub fn from_rows<E: From<Error> + Send>(
        shape: [usize; 2],
        dtype: DType,
        rows: impl Fn(Range<usize>, Rows<'_>) -> std::result::Result<(), E> + Sync,
    ) -> std::result::Result<Self, E> {
        let named = Named {
            operation: "linear",
            name: "weight",
            shape: &shape,
            dtype,
        };
        let instructions = Instructions::best();
        let single = || {
            let rows = |outputs, to: &mut [f32]| rows(outputs, Rows::Single(to));
            product::PackedLinear::from_rows(instructions, shape, rows)
        };
        let half = || {
            let rows = |outputs, to: &mut [bf16]| rows(outputs, Rows::Half(to));
            product::PackedLinear::from_rows(instructions, shape, rows)
        };
        Ok(Self {
            shape,
            dtype,
            weight: pack_rows(named, single, half)?,
        })
    }

    /// `[batch, …, in]` to `[batch, …, out]`, stored as the weight was; a single `[in]` is a batch of one.
    pub fn forward(&self, x: &Tensor, epilogue: &Epilogue<'_>) -> Result<Tensor> {
        let weight = Named {
            operation: "linear",
            name: "weight",
            shape: &self.shape,
            dtype: self.dtype,
        };
        let [outputs, _] = features(x, weight)?;
        let mut shape = x.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        epilogue.fits(Named {
            name: "output",
            shape: &shape,
            ..weight
        })?;
        let samples = batch(&shape);
        match &self.weight {
            Weight::Single(packed) => output(x, epilogue, &shape, |x, epilogue, out| {
                packed.forward(samples, x, epilogue, out);
            }),
            Weight::Half(packed) => output(x, epilogue, &shape, |x, epilogue, out| {
                packed.forward(samples, x, epilogue, out);
            }),
            Weight::Composed(weight) => {
                let value = composed::linear(x, weight, None)?;
                Ok(composed::epilogue(&value, epilogue)?.detach())
            }
        }
    }
}
