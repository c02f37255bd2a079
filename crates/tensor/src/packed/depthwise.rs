//! Packed weights of depthwise convolutions.

use candle_core::{DType, Tensor};
use foil_kernels::{Instructions, bf16, convolution};

use super::{epilogue::Epilogue, product::output};
use crate::{
    composed,
    convolution::depthwise_image,
    error::{Named, Result},
    operation::{Stored, is_fast, with_slice},
};

/// The weight of a [`depthwise_conv2d`](crate::depthwise_conv2d), packed once.
#[derive(Debug)]
pub struct PackedDepthwise {
    channels: usize,
    dtype: DType,
    weight: Weight,
}

/// Packed it is the same for both types.
#[derive(Debug)]
enum Weight {
    Packed(convolution::PackedDepthwise),
    Composed(Tensor),
}

impl PackedDepthwise {
    /// A weight `[channels, 1, 3, 3]`.
    pub fn new(weight: &Tensor) -> Result<Self> {
        let named = Named::new("depthwise_conv2d", "weight", weight);
        let [channels, 1, 3, 3] = named.dimensions("[channels, 1, 3, 3]")? else {
            return Err(named.problem("expected [channels, 1, 3, 3]"));
        };
        let packed = match weight.dtype() {
            _ if !is_fast(&[weight]) => Weight::Composed(weight.detach()),
            DType::BF16 => pack::<bf16>(weight, channels)?,
            _ => pack::<f32>(weight, channels)?,
        };
        Ok(Self {
            channels,
            dtype: weight.dtype(),
            weight: packed,
        })
    }

    /// `[batch, height, width, channels]` to the same, stored as the weight was.
    pub fn forward(&self, x: &Tensor, epilogue: &Epilogue<'_>) -> Result<Tensor> {
        let weight = Named {
            operation: "depthwise_conv2d",
            name: "weight",
            shape: &[self.channels, 1, 3, 3],
            dtype: self.dtype,
        };
        let image = depthwise_image(x, weight)?;
        let shape = x.dims();
        epilogue.fits(Named {
            name: "output",
            shape,
            ..weight
        })?;
        match &self.weight {
            Weight::Packed(packed) if self.dtype == DType::BF16 => {
                output::<bf16>(x, epilogue, shape, |x, epilogue, out| {
                    packed.forward(image, x, epilogue, out);
                })
            }
            Weight::Packed(packed) => output::<f32>(x, epilogue, shape, |x, epilogue, out| {
                packed.forward(image, x, epilogue, out);
            }),
            Weight::Composed(weight) => {
                let value = composed::depthwise_conv2d(x, weight, None)?;
                Ok(composed::epilogue(&value, epilogue)?.detach())
            }
        }
    }
}

fn pack<T: Stored>(weight: &Tensor, channels: usize) -> Result<Weight> {
    let packed = with_slice(weight, |weight: &[T]| {
        convolution::PackedDepthwise::new(Instructions::best(), channels, weight)
    })?;
    Ok(Weight::Packed(packed))
}
