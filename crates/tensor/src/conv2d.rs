//! Convolution of images, and its transpose.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    convolution::{self, Convolution, Image, PackedConv2d},
    product::Epilogue,
};

use crate::{
    bias, composed,
    convolution::{described, images},
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply2, apply3, is_fast, zeros},
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
    padding: usize,
) -> Result<Tensor> {
    let named = Named::new("conv2d", "weight", weight);
    let shape = described(named, stride, padding, false)?;
    let product = Product::new(shape, x, named, bias)?;
    if is_fast(&[x, weight]) {
        return product.apply(x, weight, bias);
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
        return product.apply(x, weight, bias);
    }
    composed::conv_transpose2d(x, weight, bias, stride, padding)
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

    fn apply(self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        match bias {
            Some(bias) => apply3(self, [x, weight, bias]),
            None => apply2(self, x, weight),
        }
    }

    fn value<T: Stored>(
        &self,
        x: &[T],
        weight: &[T],
        bias: Option<&[f32]>,
    ) -> (Vec<T>, Vec<usize>) {
        let Image {
            batch,
            height,
            width,
        } = self.output;
        let shape = vec![batch, height, width, self.shape.outputs];
        let mut out = zeros(shape.iter().product());
        let packed = PackedConv2d::new(Instructions::best(), self.shape, weight);
        let epilogue = Epilogue {
            bias,
            ..Epilogue::default()
        };
        packed.forward(self.image, x, &epilogue, &mut out);
        (out, shape)
    }

    fn gradients<T: Stored>(
        &self,
        x: &[T],
        weight: &[T],
        gradient: &[T],
        wanted: [bool; 2],
    ) -> [Option<Vec<T>>; 2] {
        let Self { shape, image, .. } = *self;
        let instructions = Instructions::best();
        let of_input = wanted[0].then(|| {
            let mut out = zeros(x.len());
            convolution::input_gradient(instructions, shape, image, weight, gradient, &mut out);
            out
        });
        let of_weight = wanted[1].then(|| {
            let mut sums = vec![0.0; weight.len()];
            convolution::weight_gradient(instructions, shape, image, x, gradient, &mut sums);
            T::from_sums(sums)
        });
        [of_input, of_weight]
    }
}

impl Operation<2> for Product {
    fn name(&self) -> &'static str {
        self.operation
    }

    fn forward<T: Stored>(&self, [x, weight]: [View<'_, T>; 2]) -> (Vec<T>, Vec<usize>) {
        self.value(x.data, weight.data, None)
    }

    fn backward<T: Stored>(
        &self,
        [x, weight]: [View<'_, T>; 2],
        known: &Known<'_, T, 2>,
    ) -> [Option<Vec<T>>; 2] {
        self.gradients(x.data, weight.data, known.gradient, known.wanted)
    }
}

impl Operation<3> for Product {
    fn name(&self) -> &'static str {
        self.operation
    }

    fn forward<T: Stored>(&self, [x, weight, bias]: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        self.value(x.data, weight.data, Some(&T::widened(bias.data)))
    }

    fn backward<T: Stored>(
        &self,
        [x, weight, _]: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let [input, kernel, bias] = known.wanted;
        let [of_input, of_weight] =
            self.gradients(x.data, weight.data, known.gradient, [input, kernel]);
        let of_bias = bias.then(|| bias::gradient(known.gradient, self.shape.outputs));
        [of_input, of_weight, of_bias]
    }
}
