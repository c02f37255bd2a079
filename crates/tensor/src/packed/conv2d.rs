//! Packed weights of convolutions.

use std::ops::Range;

use candle_core::{DType, Tensor};
use foil_kernels::{
    Element, Instructions, bf16,
    convolution::{self, Convolution, Image},
};

use super::{
    epilogue::Epilogue,
    product::{Rows, Weight, output, pack_rows},
};
use crate::{
    composed,
    convolution::{Padding, described, images},
    error::{Error, Named, Result},
    operation::{is_fast, with_slice},
};

/// The weight of a [`conv2d`](crate::conv2d()) or a [`conv_transpose2d`](crate::conv_transpose2d()), packed once.
#[derive(Debug)]
pub struct PackedConv2d {
    shape: Convolution,
    /// As published, for messages.
    weight_shape: Vec<usize>,
    dtype: DType,
    weight: Weight<convolution::PackedConv2d<f32>, convolution::PackedConv2d<bf16>>,
}

impl PackedConv2d {
    /// A weight `[out, in, kernel height, kernel width]`.
    pub fn new(weight: &Tensor, stride: usize, padding: impl Into<Padding>) -> Result<Self> {
        let named = Named::new("conv2d", "weight", weight);
        Self::of(described(named, stride, padding, false)?, weight, None)
    }

    /// As [`Self::new`], by the method that is fastest for inputs of this size, `[batch, height, width]`: it is right for all
    /// sizes. On the CPU a 3×3 convolution over many pixels takes, in `f32`, a quarter of the multiplications, four times the memory, and
    /// has an error of some 3e-6 of its largest output instead of 5e-7; in `bf16`, 1/2.25 of the multiplications, 16/9 of the memory,
    /// and has an error of 0.42 % of its outputs' root mean square instead of the 0.17 % of rounding them.
    pub fn expecting(
        weight: &Tensor,
        stride: usize,
        padding: impl Into<Padding>,
        [batch, height, width]: [usize; 3],
    ) -> Result<Self> {
        let named = Named::new("conv2d", "weight", weight);
        let image = Image {
            batch,
            height,
            width,
        };
        Self::of(
            described(named, stride, padding, false)?,
            weight,
            Some(image),
        )
    }

    /// As [`Self::expecting`] with a stride of 1 on the CPU, in `F32` or `BF16`, of a weight of this shape whose rows `[in, kernel height,
    /// kernel width]`, one for each output, `rows` writes for a range of outputs when they are packed, on any thread: a large
    /// weight is made, packed and forgotten in parts that stay in the cache.
    pub fn from_rows<E: From<Error> + Send>(
        weight_shape: [usize; 4],
        dtype: DType,
        padding: impl Into<Padding>,
        [batch, height, width]: [usize; 3],
        rows: impl Fn(Range<usize>, Rows<'_>) -> std::result::Result<(), E> + Sync,
    ) -> std::result::Result<Self, E> {
        let named = Named {
            operation: "conv2d",
            name: "weight",
            shape: &weight_shape,
            dtype,
        };
        let shape = described(named, 1, padding, false)?;
        let image = Image {
            batch,
            height,
            width,
        };
        let instructions = Instructions::best();
        let single = || {
            let rows = |outputs, to: &mut [f32]| rows(outputs, Rows::Single(to));
            convolution::PackedConv2d::from_rows(instructions, shape, image, rows)
        };
        let half = || {
            let rows = |outputs, to: &mut [bf16]| rows(outputs, Rows::Half(to));
            convolution::PackedConv2d::from_rows(instructions, shape, image, rows)
        };
        Ok(Self {
            shape,
            weight_shape: weight_shape.to_vec(),
            dtype,
            weight: pack_rows(named, single, half)?,
        })
    }

    /// A weight `[in, out, kernel height, kernel width]` of a transposed convolution.
    pub fn transposed(weight: &Tensor, stride: usize, padding: usize) -> Result<Self> {
        let named = Named::new("conv_transpose2d", "weight", weight);
        Self::of(described(named, stride, padding, true)?, weight, None)
    }

    fn of(shape: Convolution, weight: &Tensor, expected: Option<Image>) -> Result<Self> {
        let packed = match weight.dtype() {
            _ if !is_fast(&[weight]) => Weight::Composed(weight.detach()),
            DType::BF16 => {
                Weight::Half(with_slice(weight, |weight| pack(shape, weight, expected))?)
            }
            _ => Weight::Single(with_slice(weight, |weight| pack(shape, weight, expected))?),
        };
        Ok(Self {
            shape,
            weight_shape: weight.dims().to_vec(),
            dtype: weight.dtype(),
            weight: packed,
        })
    }

    /// `[batch, height, width, in]` to `[batch, output height, output width, out]`, stored as the weight was.
    pub fn forward(&self, x: &Tensor, epilogue: &Epilogue<'_>) -> Result<Tensor> {
        let Convolution {
            outputs,
            transposed,
            ..
        } = self.shape;
        let operation = if transposed {
            "conv_transpose2d"
        } else {
            "conv2d"
        };
        let weight = Named {
            operation,
            name: "weight",
            shape: &self.weight_shape,
            dtype: self.dtype,
        };
        let [image, size] = images(x, weight, &self.shape)?;
        let shape = [size.batch, size.height, size.width, outputs];
        epilogue.fits(Named {
            operation,
            name: "output",
            shape: &shape,
            dtype: self.dtype,
        })?;
        match &self.weight {
            Weight::Single(packed) => output(x, epilogue, &shape, |x, epilogue, out| {
                packed.forward(image, x, epilogue, out);
            }),
            Weight::Half(packed) => output(x, epilogue, &shape, |x, epilogue, out| {
                packed.forward(image, x, epilogue, out);
            }),
            Weight::Composed(weight) => {
                let value = self.composed(x, weight)?;
                Ok(composed::epilogue(&value, epilogue)?.detach())
            }
        }
    }

    fn composed(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let Convolution {
            stride, padding, ..
        } = self.shape;
        if self.shape.transposed {
            // All sides alike: `transposed` makes no other.
            composed::conv_transpose2d(x, weight, None, stride, padding[0])
        } else {
            composed::conv2d(x, weight, None, stride, padding)
        }
    }
}

fn pack<T: Element>(
    shape: Convolution,
    weight: &[T],
    expected: Option<Image>,
) -> convolution::PackedConv2d<T> {
    let instructions = Instructions::best();
    match expected {
        None => convolution::PackedConv2d::new(instructions, shape, weight),
        Some(image) => convolution::PackedConv2d::expecting(instructions, shape, weight, image),
    }
}
