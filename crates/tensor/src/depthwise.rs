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
    operation::{Known, Operation, Stored, View, apply2, apply3, is_fast, zeros},
};

/// The 3×3 convolution of each channel of `[batch, height, width, channels]` with its own filter out of a weight
/// `[channels, 1, 3, 3]`, plus a bias `[channels]`; the image keeps its size.
pub fn depthwise_conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let named = Named::new("depthwise_conv2d", "weight", weight);
    let image = depthwise_image(x, named)?;
    let channels = weight.dims()[0];
    bias::fits(named, bias, channels)?;
    let product = Product { channels, image };
    match bias {
        _ if !is_fast(&[x, weight]) => composed::depthwise_conv2d(x, weight, bias),
        Some(bias) => apply3(product, [x, weight, bias]),
        None => apply2(product, x, weight),
    }
}

struct Product {
    channels: usize,
    image: Image,
}

impl Product {
    fn value<T: Stored>(
        &self,
        x: View<'_, T>,
        weight: &[T],
        bias: Option<&[f32]>,
    ) -> (Vec<T>, Vec<usize>) {
        let mut out = zeros(x.data.len());
        let packed = PackedDepthwise::new(Instructions::best(), self.channels, weight);
        let epilogue = Epilogue {
            bias,
            ..Epilogue::default()
        };
        packed.forward(self.image, x.data, &epilogue, &mut out);
        (out, x.shape.to_vec())
    }

    fn gradients<T: Stored>(
        &self,
        x: &[T],
        weight: &[T],
        gradient: &[T],
        wanted: [bool; 2],
    ) -> [Option<Vec<T>>; 2] {
        let Self { channels, image } = *self;
        let instructions = Instructions::best();
        let of_input = wanted[0].then(|| {
            let mut out = zeros(x.len());
            depthwise_input_gradient(instructions, channels, image, weight, gradient, &mut out);
            out
        });
        let of_weight = wanted[1].then(|| {
            let mut sums = vec![0.0; weight.len()];
            depthwise_weight_gradient(instructions, channels, image, x, gradient, &mut sums);
            T::from_sums(sums)
        });
        [of_input, of_weight]
    }
}

impl Operation<2> for Product {
    fn name(&self) -> &'static str {
        "depthwise_conv2d"
    }

    fn forward<T: Stored>(&self, [x, weight]: [View<'_, T>; 2]) -> (Vec<T>, Vec<usize>) {
        self.value(x, weight.data, None)
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
        "depthwise_conv2d"
    }

    fn forward<T: Stored>(&self, [x, weight, bias]: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        self.value(x, weight.data, Some(&T::widened(bias.data)))
    }

    fn backward<T: Stored>(
        &self,
        [x, weight, _]: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let [input, filter, bias] = known.wanted;
        let [of_input, of_weight] =
            self.gradients(x.data, weight.data, known.gradient, [input, filter]);
        let of_bias = bias.then(|| bias::gradient(known.gradient, self.channels));
        [of_input, of_weight, of_bias]
    }
}
