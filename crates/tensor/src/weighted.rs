//! What all products of activations by a weight are as nodes of the graph: with a bias or without, the gradient of each input only
//! where it is asked for.

use candle_core::Tensor;
use foil_kernels::product::Epilogue;

use crate::{
    bias,
    error::Result,
    operation::{Known, Operation, Stored, View, apply2, apply3, zeros},
};

/// A product of one size, on slices. Sizes were checked before.
pub(crate) trait Weighted: Send + Sync + 'static {
    /// As errors name it.
    fn name(&self) -> &'static str;
    /// Values of a bias.
    fn outputs(&self) -> usize;
    /// The result, after what follows the product, and its shape.
    fn value<T: Stored>(
        &self,
        x: View<'_, T>,
        weight: &[T],
        epilogue: &Epilogue<'_, T>,
    ) -> (Vec<T>, Vec<usize>);
    /// From the weight and the result's gradient.
    fn input_gradient<T: Stored>(&self, weight: &[T], gradient: &[T], out: &mut [T]);
    /// From the input and the result's gradient.
    fn weight_gradient<T: Stored>(&self, x: &[T], gradient: &[T], sums: &mut [f32]);
}

/// The product as a node of the graph.
pub(crate) fn apply(
    product: impl Weighted,
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    match bias {
        Some(bias) => apply3(Product(product), [x, weight, bias]),
        None => apply2(Product(product), x, weight),
    }
}

struct Product<W>(W);

impl<W: Weighted> Product<W> {
    fn gradients<T: Stored>(
        &self,
        x: &[T],
        weight: &[T],
        gradient: &[T],
        wanted: [bool; 2],
    ) -> [Option<Vec<T>>; 2] {
        let of_input = wanted[0].then(|| {
            let mut out = zeros(x.len());
            self.0.input_gradient(weight, gradient, &mut out);
            out
        });
        let of_weight = wanted[1].then(|| {
            let mut sums = vec![0.0; weight.len()];
            self.0.weight_gradient(x, gradient, &mut sums);
            T::from_sums(sums)
        });
        [of_input, of_weight]
    }
}

impl<W: Weighted> Operation<2> for Product<W> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn forward<T: Stored>(&self, [x, weight]: [View<'_, T>; 2]) -> (Vec<T>, Vec<usize>) {
        self.0.value(x, weight.data, &Epilogue::default())
    }

    fn backward<T: Stored>(
        &self,
        [x, weight]: [View<'_, T>; 2],
        known: &Known<'_, T, 2>,
    ) -> [Option<Vec<T>>; 2] {
        self.gradients(x.data, weight.data, known.gradient, known.wanted)
    }
}

impl<W: Weighted> Operation<3> for Product<W> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn forward<T: Stored>(&self, [x, weight, bias]: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        let bias = T::widened(bias.data);
        let epilogue = Epilogue {
            bias: Some(&bias),
            ..Epilogue::default()
        };
        self.0.value(x, weight.data, &epilogue)
    }

    fn backward<T: Stored>(
        &self,
        [x, weight, _]: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let [input, filter, bias] = known.wanted;
        let [of_input, of_weight] =
            self.gradients(x.data, weight.data, known.gradient, [input, filter]);
        let of_bias = bias.then(|| bias::gradient(known.gradient, self.0.outputs()));
        [of_input, of_weight, of_bias]
    }
}
