//! The matrix product.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    product::{self, Epilogue, PackedLinear},
};

use crate::{
    bias, composed,
    error::{Named, Result},
    operation::{Stored, View, is_fast, zeros},
    weighted::{self, Weighted},
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
    if is_fast(&[x, weight]) {
        return weighted::apply(Product([outputs, inputs]), x, weight, bias);
    }
    composed::linear(x, weight, bias)
}

/// [`linear`] on slices, without a bias.
pub(crate) fn product(x: &Tensor, weight: Named<'_>) -> Result<impl Weighted + use<>> {
    Ok(Product(features(x, weight)?))
}

/// Of a weight `[outputs, inputs]`.
struct Product([usize; 2]);

impl Weighted for Product {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn outputs(&self) -> usize {
        self.0[0]
    }

    fn value<T: Stored>(
        &self,
        x: View<'_, T>,
        weight: &[T],
        epilogue: &Epilogue<'_, T>,
    ) -> (Vec<T>, Vec<usize>) {
        let [outputs, inputs] = self.0;
        let mut shape = x.shape.to_vec();
        if let Some(last) = shape.last_mut() {
            *last = outputs;
        }
        let mut out = zeros(x.data.len() / inputs * outputs);
        let packed = PackedLinear::new(Instructions::best(), self.0, weight);
        packed.forward(1, x.data, epilogue, &mut out);
        (out, shape)
    }

    fn input_gradient<T: Stored>(&self, weight: &[T], gradient: &[T], out: &mut [T]) {
        product::input_gradient(Instructions::best(), self.0, weight, gradient, out);
    }

    fn weight_gradient<T: Stored>(&self, x: &[T], gradient: &[T], sums: &mut [f32]) {
        product::weight_gradient(Instructions::best(), self.0, x, gradient, sums);
    }
}
