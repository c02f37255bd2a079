//! Operations on plain slices as nodes of candle's graph.
//!
//! An [`Operation`] is written once for every element type; its [`Node`] finds the slices behind the tensors, chooses the type,
//! and makes tensors of what comes out.

mod node;
mod view;

use candle_core::{DType, Device, Tensor};

use crate::error::Result;
use node::Node;
use view::even_rows;
pub(crate) use view::{Stored, View, cpu, with_slice};

/// Whether the kernels can take these: `f32` or `bf16` on the CPU, and something to do.
pub(crate) fn is_fast(inputs: &[&Tensor]) -> bool {
    inputs.iter().all(|input| {
        let stored = matches!(input.dtype(), DType::F32 | DType::BF16);
        matches!(input.device(), Device::Cpu) && stored && input.elem_count() > 0
    })
}

/// Room for a result.
pub(crate) fn zeros<T: Stored>(count: usize) -> Vec<T> {
    vec![T::default(); count]
}

/// What a backward pass knows besides the inputs.
pub(crate) struct Known<'a, T, const N: usize> {
    /// The forward pass's result.
    pub(crate) result: &'a [T],
    /// The gradient with respect to it.
    pub(crate) gradient: &'a [T],
    /// Which inputs' gradients are asked for; more may be given.
    pub(crate) wanted: [bool; N],
}

/// A function of `N` tensors of one type. Sizes were checked before: it does not fail.
pub(crate) trait Operation<const N: usize>: Send + Sync + 'static {
    /// As errors name it.
    fn name(&self) -> &'static str;
    /// The result and its shape.
    fn forward<T: Stored>(&self, inputs: [View<'_, T>; N]) -> (Vec<T>, Vec<usize>);
    /// The gradients with respect to the inputs.
    fn backward<T: Stored>(
        &self,
        inputs: [View<'_, T>; N],
        known: &Known<'_, T, N>,
    ) -> [Option<Vec<T>>; N];
}

pub(crate) fn apply1(operation: impl Operation<1>, a: &Tensor) -> Result<Tensor> {
    Ok(a.contiguous()?.apply_op1(Node(operation))?)
}

pub(crate) fn apply2(operation: impl Operation<2>, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Ok(a.contiguous()?
        .apply_op2(&b.contiguous()?, Node(operation))?)
}

pub(crate) fn apply3(operation: impl Operation<3>, [a, b, c]: [&Tensor; 3]) -> Result<Tensor> {
    let (a, b, c) = (a.contiguous()?, b.contiguous()?, c.contiguous()?);
    Ok(a.apply_op3(&b, &c, Node(operation))?)
}

/// As [`apply3`], for an operation that reads evenly strided rows, such as slices of channels, where they are.
pub(crate) fn apply_to_rows(operation: impl Operation<3>, inputs: [&Tensor; 3]) -> Result<Tensor> {
    let [a, b, c] = inputs.map(|input| match even_rows(input.layout()) {
        Some(_) => Ok(input.clone()),
        None => input.contiguous(),
    });
    Ok(a?.apply_op3(&b?, &c?, Node(operation))?)
}
