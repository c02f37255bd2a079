//! Convolution of each channel by itself.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    convolution::{Image, PackedDepthwise, depthwise_input_gradient, depthwise_weight_gradient},
    product::Epilogue,
};

use crate::{
    bias, composed,
    convolution::depthwise_image,
    error::{Named, Result},
    operation::{Stored, View, is_fast, zeros},
    weighted::{self, Weighted},
};

/// The 3×3 convolution of each channel of `[batch, height, width, channels]` with its own filter out of a weight
/// `[channels, 1, 3, 3]`, plus a bias `[channels]`; the image keeps its size.
pub fn depthwise_conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let named = Named::new("depthwise_conv2d", "weight", weight);
    let image = depthwise_image(x, named)?;
    let channels = weight.dims()[0];
    bias::fits(named, bias, channels)?;
    if is_fast(&[x, weight]) {
        return weighted::apply(Product { channels, image }, x, weight, bias);
    }
    composed::depthwise_conv2d(x, weight, bias)
}

struct Product {
    channels: usize,
    image: Image,
}

impl Weighted for Product {
    fn name(&self) -> &'static str {
        "depthwise_conv2d"
    }

    fn outputs(&self) -> usize {
        self.channels
    }

    fn value<T: Stored>(
        &self,
        x: View<'_, T>,
        weight: &[T],
        epilogue: &Epilogue<'_, T>,
    ) -> (Vec<T>, Vec<usize>) {
        let mut out = zeros(x.data.len());
        let packed = PackedDepthwise::new(Instructions::best(), self.channels, weight);
        packed.forward(self.image, x.data, epilogue, &mut out);
        (out, x.shape.to_vec())
    }

    fn input_gradient<T: Stored>(&self, weight: &[T], gradient: &[T], out: &mut [T]) {
        let Self { channels, image } = *self;
        depthwise_input_gradient(Instructions::best(), channels, image, weight, gradient, out);
    }

    fn weight_gradient<T: Stored>(&self, x: &[T], gradient: &[T], sums: &mut [f32]) {
        let Self { channels, image } = *self;
        depthwise_weight_gradient(Instructions::best(), channels, image, x, gradient, sums);
    }
}
