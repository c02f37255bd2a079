//! Linear layers: y = x Wᵀ, with packed weights, and their gradients.

#![allow(unsafe_code, reason = "promises what its pointers point to")]

use std::ops::Range;

use super::{
    epilogue::{Epilogue, Output},
    gradient::{Columns, sums_over_pixels},
    memory::Shared,
    microkernel::Microkernel,
    packing::{PackedMatrix, Weights},
    run::{Rows, run},
};
use crate::{Element, Instructions};

/// Weights `[outputs, inputs]` of a linear layer, packed once.
#[derive(Debug)]
pub struct PackedLinear<T: Element> {
    instructions: Instructions,
    kernel: Microkernel<T>,
    matrix: PackedMatrix<T>,
}

impl<T: Element> PackedLinear<T> {
    /// Packs `weight` `[outputs, inputs]`.
    ///
    /// # Panics
    /// If the length of `weight` is another.
    pub fn new(instructions: Instructions, size: [usize; 2], weight: &[T]) -> Self {
        let weights = weights_of(size, weight);
        Self::packed(
            instructions,
            [size[1], size[0]],
            &weights,
            PackedMatrix::pack,
        )
    }

    /// Packs rows `[inputs]`, one for each output, which `rows` writes for a range of outputs when they are packed: the weight is never in
    /// memory as a whole. Ends with what went wrong, if anything did.
    pub fn from_rows<E: Send>(
        instructions: Instructions,
        [outputs, inputs]: [usize; 2],
        rows: impl Fn(Range<usize>, &mut [T]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let kernel = T::microkernel(instructions);
        let matrix = PackedMatrix::pack_rows(&kernel, [1, inputs, outputs], rows)?;
        Ok(Self {
            instructions,
            kernel,
            matrix,
        })
    }

    /// The same in memory that is used again after this layer.
    pub(super) fn once(instructions: Instructions, size: [usize; 2], weight: &[T]) -> Self {
        let weights = weights_of(size, weight);
        let pack = PackedMatrix::pack_once;
        Self::packed(instructions, [size[1], size[0]], &weights, pack)
    }

    /// The transpose, whose inputs are the outputs.
    fn transposed_once(instructions: Instructions, size: [usize; 2], weight: &[T]) -> Self {
        let weights = weights_of(size, weight);
        let weights = Weights {
            depth_stride: weights.column_stride,
            column_stride: weights.depth_stride,
            ..weights
        };
        Self::packed(instructions, size, &weights, PackedMatrix::pack_once)
    }

    fn packed(
        instructions: Instructions,
        depth_and_columns: [usize; 2],
        weights: &Weights<'_, T>,
        pack: impl Fn(&Microkernel<T>, [usize; 2], &Weights<'_, T>) -> PackedMatrix<T>,
    ) -> Self {
        let kernel = T::microkernel(instructions);
        let matrix = pack(&kernel, depth_and_columns, weights);
        Self {
            instructions,
            kernel,
            matrix,
        }
    }

    /// Output features.
    pub fn outputs(&self) -> usize {
        self.matrix.columns
    }

    /// Input features.
    pub fn inputs(&self) -> usize {
        self.matrix.depth
    }

    /// `[rows, inputs]` to `[rows, outputs]`; the rows are those of `batch` samples one after another, which matters for the
    /// epilogue's gain.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn forward(&self, batch: usize, x: &[T], epilogue: &Epilogue<'_, T>, out: &mut [T]) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let rows = (x.len().checked_div(inputs)).unwrap_or(out.len() / outputs.max(1));
        assert_eq!(
            x.len(),
            rows * inputs,
            "input of a linear layer [{outputs}, {inputs}]"
        );
        assert_eq!(
            out.len(),
            rows * outputs,
            "output of a linear layer [{outputs}, {inputs}]"
        );
        assert!(
            rows.checked_rem(batch).unwrap_or(rows) == 0,
            "{rows} rows of {batch} samples"
        );
        epilogue.check(batch, outputs, out.len());
        let output = Output {
            instructions: self.instructions,
            epilogue,
            out: Shared::new(out),
            columns: outputs,
            rows_in_sample: (rows / batch.max(1)).max(1),
            place: |row| row,
            in_order: true,
        };
        let rows = Contiguous {
            x,
            depth: inputs,
            count: rows,
        };
        run(&self.kernel, &self.matrix, &rows, &output);
    }
}

/// Rows of one matrix.
pub(crate) struct Contiguous<'a, T> {
    pub x: &'a [T],
    pub depth: usize,
    pub count: usize,
}

// SAFETY: `x` is `[count, depth]`; the slices below are checked.
unsafe impl<T: Element> Rows<T> for Contiguous<'_, T> {
    fn count(&self) -> usize {
        self.count
    }

    fn pointers(&self, first: usize, count: usize, into: &mut [*const T]) {
        for (index, pointer) in into[..count].iter_mut().enumerate() {
            *pointer = self.x[(first + index) * self.depth..][..self.depth].as_ptr();
        }
    }
}

/// The gradient with respect to the input: `grad` `[rows, outputs]` to `out` `[rows, inputs]`.
///
/// # Panics
/// If the lengths do not belong together.
pub fn input_gradient<T: Element>(
    instructions: Instructions,
    size: [usize; 2],
    weight: &[T],
    grad: &[T],
    out: &mut [T],
) {
    let transposed = PackedLinear::transposed_once(instructions, size, weight);
    transposed.forward(1, grad, &Epilogue::default(), out);
}

/// Where the weights of a layer lie.
fn weights_of<T>([outputs, inputs]: [usize; 2], weight: &[T]) -> Weights<'_, T> {
    assert_eq!(
        weight.len(),
        outputs * inputs,
        "weights of a linear layer [{outputs}, {inputs}]"
    );
    Weights {
        data: weight,
        depth_stride: 1,
        column_stride: inputs,
        taps: &[0],
    }
}

/// The gradient with respect to the weights: `x` `[rows, inputs]` and `grad` `[rows, outputs]` to `out` `[outputs, inputs]`.
///
/// # Panics
/// If the lengths do not belong together.
pub fn weight_gradient<T: Element>(
    instructions: Instructions,
    [outputs, inputs]: [usize; 2],
    x: &[T],
    grad: &[T],
    out: &mut [f32],
) {
    assert_eq!(
        out.len(),
        outputs * inputs,
        "gradient of a linear layer [{outputs}, {inputs}]"
    );
    let rows = x.len().checked_div(inputs);
    let count = rows.unwrap_or(grad.len() / outputs.max(1));
    assert_eq!(
        x.len(),
        count * inputs,
        "input of a linear layer [{outputs}, {inputs}]"
    );
    assert_eq!(
        grad.len(),
        count * outputs,
        "output's gradient of a linear layer [{outputs}, {inputs}]"
    );
    if out.is_empty() || count == 0 {
        return out.fill(0.0);
    }
    let rows = Contiguous {
        x,
        depth: inputs,
        count,
    };
    let columns = Columns {
        rows: &rows,
        taps: 1,
        channels: inputs,
    };
    let sums = sums_over_pixels(instructions, &columns, grad, outputs);
    sums.write(1, out);
}
