//! Linear layers: y = x Wᵀ, with packed weights, and their gradients.

#![allow(unsafe_code, reason = "promises what its pointers point to")]

use rayon::prelude::*;

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
    pub fn new(instructions: Instructions, [outputs, inputs]: [usize; 2], weight: &[T]) -> Self {
        assert_eq!(
            weight.len(),
            outputs * inputs,
            "weights of a linear layer [{outputs}, {inputs}]"
        );
        let kernel = T::microkernel(instructions);
        let weights = Weights {
            data: weight,
            depth_stride: 1,
            column_stride: inputs,
            taps: &[0],
        };
        let matrix = PackedMatrix::pack(&kernel, [inputs, outputs], &weights);
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
    [outputs, inputs]: [usize; 2],
    weight: &[T],
    grad: &[T],
    out: &mut [T],
) {
    assert_eq!(
        weight.len(),
        outputs * inputs,
        "weights of a linear layer [{outputs}, {inputs}]"
    );
    let kernel = T::microkernel(instructions);
    let weights = Weights {
        data: weight,
        depth_stride: inputs,
        column_stride: 1,
        taps: &[0],
    };
    let matrix = PackedMatrix::pack_once(&kernel, [outputs, inputs], &weights);
    PackedLinear {
        instructions,
        kernel,
        matrix,
    }
    .forward(1, grad, &Epilogue::default(), out);
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
    out.par_chunks_exact_mut(inputs)
        .enumerate()
        .for_each(|(output, out)| {
            let mut at = 0;
            while at < inputs {
                let line = sums.line(output, at);
                let count = line.len().min(inputs - at);
                out[at..at + count].copy_from_slice(&line[..count]);
                at += count;
            }
        });
}
