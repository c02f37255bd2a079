//! Attention, plain and by cosines.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    attention::{self, Attention, Gradients, Tokens},
};

use crate::{
    composed,
    error::{Named, Result},
    normalise::PIXEL_NORM_EPSILON,
    operation::{Known, Operation, Stored, View, apply_to_rows, is_fast, zeros},
};

/// The sizes of an attention, read off its tensors and checked once.
pub(crate) fn sizes(
    operation: &'static str,
    [q, k, v]: [&Tensor; 3],
    heads: usize,
) -> Result<Attention> {
    let named = Named::new(operation, "queries", q);
    let [batch, queries, features] = named.dimensions("[batch, queries, features]")?;
    if heads == 0 || features == 0 || !features.is_multiple_of(heads) {
        return Err(named.problem(format!("features do not divide into {heads} heads")));
    }
    let named_keys = named.beside("keys", k);
    let [_, keys, _] = named_keys.dimensions("[batch, keys, features]")?;
    named.with(named_keys, &[batch, keys.max(1), features])?;
    named_keys.with(named.beside("values", v), k.dims())?;
    Ok(Attention {
        batch,
        queries,
        keys,
        heads,
        width: features / heads,
        normalise: None,
    })
}

/// Scaled dot-product attention: in each head, softmax(Q Kᵀ / √width) V.
///
/// Queries `[batch, queries, heads · width]`, keys and values `[batch, keys, heads · width]`; the result has the queries' shape.
/// The three may be slices of one tensor: on the CPU they are read where they are. Vaswani et al. 2017, Eq. 1.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
    let sizes = sizes("attention", [q, k, v], heads)?;
    if is_fast(&[q, k, v]) {
        return apply_to_rows(sizes, [q, k, v]);
    }
    composed::attention(q, k, v, heads)
}

/// [`attention()`] between queries, keys and values that were each normalised over their head's width as by
/// [`pixel_norm`](crate::pixel_norm).
///
/// The same shapes. Karras et al. 2024.
pub fn cosine_attention(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize) -> Result<Tensor> {
    let sizes = sizes("cosine_attention", [q, k, v], heads)?;
    if is_fast(&[q, k, v]) {
        let normalise = Some(PIXEL_NORM_EPSILON as f32);
        return apply_to_rows(Attention { normalise, ..sizes }, [q, k, v]);
    }
    composed::cosine_attention(q, k, v, heads)
}

fn tokens<'a, T>(view: &View<'a, T>) -> Tokens<'a, T> {
    Tokens {
        data: view.data,
        stride: view.stride,
    }
}

impl Operation<3> for Attention {
    fn name(&self) -> &'static str {
        match self.normalise {
            Some(_) => "cosine_attention",
            None => "attention",
        }
    }

    fn forward<T: Stored>(&self, inputs: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        let shape = inputs[0].shape.to_vec();
        let [q, k, v] = inputs.each_ref().map(tokens);
        let mut out = zeros(shape.iter().product());
        attention::forward(Instructions::best(), self, q, k, v, &mut out);
        (out, shape)
    }

    fn backward<T: Stored>(
        &self,
        inputs: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let [mut q, mut k, mut v] = inputs.map(|input| zeros(input.shape.iter().product()));
        let out = &mut Gradients {
            q: &mut q,
            k: &mut k,
            v: &mut v,
        };
        let inputs = inputs.each_ref().map(tokens);
        attention::backward(Instructions::best(), self, inputs, known.gradient, out);
        [Some(q), Some(k), Some(v)]
    }
}
