//! Convolution of images, and its transpose.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    convolution::{self, Convolution, Image, PackedConv2d},
    product::Epilogue,
};

use crate::{
    bias, composed,
    convolution::{Padding, described, images},
    error::{Named, Result},
    operation::{Stored, View, is_fast, zeros},
    weighted::{self, Weighted},
};

/// The convolution (cross-correlation, as everywhere in this field) of `[batch, height, width, in]` with a weight
/// `[out, in, kernel height, kernel width]`, plus a bias `[out]`.
///
/// The result is `[batch, ⌊(height + 2·padding − kernel height) / stride⌋ + 1, …, out]`.
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: usize,
    padding: impl Into<Padding>,
) -> Result<Tensor> {
    let padding = padding.into();
    let named = Named::new("conv2d", "weight", weight);
    let shape = described(named, stride, padding, false)?;
    let product = Product::new(shape, x, named, bias)?;
    if is_fast(&[x, weight]) {
        return weighted::apply(product, x, weight, bias);
    }
    composed::conv2d(x, weight, bias, stride, padding)
}

/// The transpose of [`conv2d`] as a linear map, with its weight as published: `[in, out, kernel height, kernel width]`, from
/// `[batch, height, width, in]` to `[batch, (height − 1)·stride + kernel height − 2·padding, …, out]`, plus a bias `[out]`.
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: usize,
    padding: usize,
) -> Result<Tensor> {
    let named = Named::new("conv_transpose2d", "weight", weight);
    let shape = described(named, stride, padding, true)?;
    let product = Product::new(shape, x, named, bias)?;
    if is_fast(&[x, weight]) {
        return weighted::apply(product, x, weight, bias);
    }
    composed::conv_transpose2d(x, weight, bias, stride, padding)
}

/// [`conv2d`] on slices, with this stride and padding and without a bias.
pub(crate) fn product(
    x: &Tensor,
    weight: Named<'_>,
    [stride, padding]: [usize; 2],
) -> Result<impl Weighted + use<>> {
    Product::new(described(weight, stride, padding, false)?, x, weight, None)
}

/// Either convolution, of one size of image.
struct Product {
    operation: &'static str,
    shape: Convolution,
    image: Image,
    output: Image,
}

impl Product {
    /// Checks the sizes.
    fn new(
        shape: Convolution,
        x: &Tensor,
        weight: Named<'_>,
        bias: Option<&Tensor>,
    ) -> Result<Self> {
        let [image, output] = images(x, weight, &shape)?;
        bias::fits(weight, bias, shape.outputs)?;
        Ok(Self {
            operation: weight.operation,
            shape,
            image,
            output,
        })
    }
}

impl Weighted for Product {
    fn name(&self) -> &'static str {
        self.operation
    }

    fn outputs(&self) -> usize {
        self.shape.outputs
    }

    fn value<T: Stored>(
        &self,
        x: View<'_, T>,
        weight: &[T],
        epilogue: &Epilogue<'_, T>,
    ) -> (Vec<T>, Vec<usize>) {
        let Image {
            batch,
            height,
            width,
        } = self.output;
        let shape = vec![batch, height, width, self.shape.outputs];
        let mut out = zeros(shape.iter().product());
        let packed = PackedConv2d::new(Instructions::best(), self.shape, weight);
        packed.forward(self.image, x.data, epilogue, &mut out);
        (out, shape)
    }

    fn input_gradient<T: Stored>(&self, weight: &[T], gradient: &[T], out: &mut [T]) {
        let Self { shape, image, .. } = *self;
        convolution::input_gradient(Instructions::best(), shape, image, weight, gradient, out);
    }

    fn weight_gradient<T: Stored>(&self, x: &[T], gradient: &[T], sums: &mut [f32]) {
        let Self { shape, image, .. } = *self;
        convolution::weight_gradient(Instructions::best(), shape, image, x, gradient, sums);
    }
}
