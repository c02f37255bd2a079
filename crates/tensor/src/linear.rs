//! The matrix product.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    product::{self, Epilogue, PackedLinear},
};

use crate::{
    bias, composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply2, apply3, is_fast, zeros},
};

/// The number of outputs and of inputs of a weight that fits these features.
pub(crate) fn features(x: &Tensor, weight: Named<'_>) -> Result<[usize; 2]> {
    let named = Named::new(weight.operation, "input", x);
    let channels = named.channels(1)?;
    let [outputs, inputs] = weight.dimensions("[out, in]")?;
    if channels != inputs {
        return Err(named.against(weight, format!("{channels} features for {inputs} inputs")));
    }
    named.same_type(weight)?;
    Ok([outputs, inputs])
}

/// x Wᵀ + b: `[…, in]` with a weight `[out, in]` and a bias `[out]` to `[…, out]`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let named = Named::new("linear", "weight", weight);
    let [outputs, inputs] = features(x, named)?;
    bias::fits(named, bias, outputs)?;
    let product = Product([outputs, inputs]);
    match bias {
        _ if !is_fast(&[x, weight]) => composed::linear(x, weight, bias),
        Some(bias) => apply3(product, [x, weight, bias]),
        None => apply2(product, x, weight),
    }
}

/// Of a weight `[outputs, inputs]`.
struct Product([usize; 2]);

impl Product {
    fn value<T: Stored>(
        &self,
        x: View<'_, T>,
        weight: &[T],
        bias: Option<&[f32]>,
    ) -> (Vec<T>, Vec<usize>) {
        let [outputs, inputs] = self.0;
        let mut shape = x.shape.to_vec();
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        let mut out = zeros(x.data.len() / inputs * outputs);
        let packed = PackedLinear::new(Instructions::best(), self.0, weight);
        let epilogue = Epilogue {
            bias,
            ..Epilogue::default()
        };
        packed.forward(1, x.data, &epilogue, &mut out);
        (out, shape)
    }

    fn gradients<T: Stored>(
        &self,
        x: &[T],
        weight: &[T],
        gradient: &[T],
        wanted: [bool; 2],
    ) -> [Option<Vec<T>>; 2] {
        let instructions = Instructions::best();
        let of_input = wanted[0].then(|| {
            let mut out = zeros(x.len());
            product::input_gradient(instructions, self.0, weight, gradient, &mut out);
            out
        });
        let of_weight = wanted[1].then(|| {
            let mut sums = vec![0.0; weight.len()];
            product::weight_gradient(instructions, self.0, x, gradient, &mut sums);
            T::from_sums(sums)
        });
        [of_input, of_weight]
    }
}

impl Operation<2> for Product {
    fn name(&self) -> &'static str {
        "linear"
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
        "linear"
    }

    fn forward<T: Stored>(&self, [x, weight, bias]: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        self.value(x, weight.data, Some(&T::widened(bias.data)))
    }

    fn backward<T: Stored>(
        &self,
        [x, weight, _]: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let [input, matrix, bias] = known.wanted;
        let [of_input, of_weight] =
            self.gradients(x.data, weight.data, known.gradient, [input, matrix]);
        let of_bias = bias.then(|| bias::gradient(known.gradient, self.0[0]));
        [of_input, of_weight, of_bias]
    }
}
