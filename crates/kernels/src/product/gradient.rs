//! The gradient with respect to weights: a product whose depth is the pixels of the batch.
//!
//! gradient[output][column] = Σ over pixels of grad[pixel][output] · x[pixel, column], where a column is a tap and an input channel.
//! Pixels are taken in chunks of fixed length; of each, the output's gradient is turned and the input packed in panels, which
//! costs little beside the product, and then the forward microkernel does the rest.

#![allow(unsafe_code, reason = "promises what its pointers point to")]

use std::ops::Range;

use rayon::prelude::*;

use super::{
    memory::{Aligned, Shared},
    microkernel::{MOST_ROWS, Microkernel},
    packing::{PackedMatrix, copy, interleave},
    run::{Rows, Sink, run},
};
use crate::{Element, Instructions, instructions::Pass};

/// Pixels taken at a time.
const CHUNK: usize = 512;
/// Between two rows of the turned gradient; not a multiple of a page, or all rows would share the same few lines of the cache.
const STRIDE: usize = CHUNK + 64;

/// What stands where the forward product has rows: for every pixel and tap a pointer to `channels` elements.
pub(crate) struct Columns<'a, R> {
    pub rows: &'a R,
    pub taps: usize,
    pub channels: usize,
}

/// The gradient of all pixels, where `grad` is `[pixels, outputs]`.
pub(crate) fn sums_over_pixels<T: Element, R: Rows<T>>(
    instructions: Instructions,
    columns: &Columns<'_, R>,
    grad: &[T],
    outputs: usize,
) -> Sums {
    let kernel = T::microkernel(instructions);
    let width = columns.taps * columns.channels;
    let pixels = columns.rows.count();
    let mut turned = Aligned::zeros(outputs * STRIDE);
    let mut matrix = PackedMatrix::zeros(&kernel, 1, CHUNK.min(pixels), width);
    let panels = width.div_ceil(kernel.columns);
    let mut data = Aligned::<f32>::zeros(panels * outputs * kernel.columns);
    for first in (0..pixels).step_by(CHUNK) {
        let count = CHUNK.min(pixels - first);
        let lines = turned.par_chunks_mut(LINES * STRIDE).enumerate();
        lines.for_each(|(block, lines)| {
            let first_output = block * LINES;
            turn(grad, first..first + count, (first_output, outputs), lines);
        });
        matrix.set_depth(&kernel, count);
        pack(instructions, &kernel, columns, first, &mut matrix);
        let rows = Turned {
            data: &turned,
            outputs,
        };
        let add = first > 0;
        run(
            &kernel,
            &matrix,
            &rows,
            &Sum {
                out: Shared::new(&mut data),
                outputs,
                add,
                instructions,
            },
        );
    }
    Sums {
        data,
        outputs,
        columns: kernel.columns,
    }
}

/// The gradient as it was summed, `[panel, output, column in panel]`: tiles of a panel follow each other in memory.
pub(crate) struct Sums {
    data: Aligned<f32>,
    outputs: usize,
    columns: usize,
}

impl Sums {
    /// The columns from `column` on that lie together, of one output.
    #[inline(always)]
    pub fn line(&self, output: usize, column: usize) -> &[f32] {
        let (panel, at) = (column / self.columns, column % self.columns);
        &self.data[(panel * self.outputs + output) * self.columns..][at..self.columns]
    }
}

/// Output channels turned together: a cache line of the gradient.
const LINES: usize = 16;

fn turn<T: Element>(
    grad: &[T],
    pixels: Range<usize>,
    (first, outputs): (usize, usize),
    lines: &mut [T],
) {
    let count = LINES.min(outputs - first);
    for (index, pixel) in pixels.enumerate() {
        let from = &grad[pixel * outputs + first..][..count];
        for (line, value) in from.iter().enumerate() {
            lines[line * STRIDE + index] = *value;
        }
    }
}

struct Turned<'a, T> {
    data: &'a [T],
    outputs: usize,
}

// SAFETY: each line has `STRIDE` elements, at least as many as a chunk has pixels.
unsafe impl<T: Element> Rows<T> for Turned<'_, T> {
    fn count(&self) -> usize {
        self.outputs
    }

    fn pointers(&self, first: usize, count: usize, into: &mut [*const T]) {
        for (index, pointer) in into[..count].iter_mut().enumerate() {
            *pointer = self.data[(first + index) * STRIDE..].as_ptr();
        }
    }
}

struct Sum<'a> {
    out: Shared<'a, f32>,
    outputs: usize,
    /// Or else written for the first time.
    add: bool,
    instructions: Instructions,
}

impl Sink for Sum<'_> {
    fn take(&self, rows: Range<usize>, columns: Range<usize>, sums: &mut [f32], stride: usize) {
        let start = (columns.start / stride * self.outputs + rows.start) * stride;
        // SAFETY: every row and column belongs to one tile, and each tile is taken once.
        let out = unsafe { self.out.part(start, rows.len() * stride) };
        self.instructions.run(Take {
            add: self.add,
            sums,
            out,
        });
    }
}

struct Take<'a> {
    add: bool,
    sums: &'a [f32],
    out: &'a mut [f32],
}

impl Pass for Take<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if !self.add {
            self.out.copy_from_slice(&self.sums[..self.out.len()]);
            return;
        }
        for (out, sum) in self.out.iter_mut().zip(self.sums) {
            *out += sum;
        }
    }
}

/// Packs pixels from `first` on, `matrix.depth` of them.
fn pack<T: Element, R: Rows<T>>(
    instructions: Instructions,
    kernel: &Microkernel<T>,
    columns: &Columns<'_, R>,
    first: usize,
    matrix: &mut PackedMatrix<T>,
) {
    let pixels = matrix.depth;
    let mut pointers =
        vec![std::ptr::null(); pixels.div_ceil(MOST_ROWS) * columns.taps * MOST_ROWS];
    for (block, into) in pointers.chunks_mut(columns.taps * MOST_ROWS).enumerate() {
        let from = block * MOST_ROWS;
        columns
            .rows
            .pointers(first + from, MOST_ROWS.min(pixels - from), into);
    }
    let pointers = Pointers {
        data: &pointers,
        taps: columns.taps,
    };
    let panels = matrix.panels();
    let width = matrix.columns;
    let (data, length) = matrix.panels_mut();
    (0..panels).into_par_iter().for_each(|panel| {
        let range = panel * kernel.columns..width.min((panel + 1) * kernel.columns);
        // SAFETY: each panel is written once.
        let data = unsafe { data.part(panel * length, length) };
        instructions.run(PackPanel {
            pointers: &pointers,
            range,
            channels: columns.channels,
            pixels,
            kernel,
            data,
        });
    });
}

struct Pointers<'a, T> {
    data: &'a [*const T],
    taps: usize,
}

// SAFETY: shared pointers into borrowed activations, only read.
unsafe impl<T: Sync> Sync for Pointers<'_, T> {}

impl<T> Pointers<'_, T> {
    #[inline(always)]
    fn at(&self, pixel: usize, tap: usize) -> *const T {
        self.data[(pixel / MOST_ROWS * self.taps + tap) * MOST_ROWS + pixel % MOST_ROWS]
    }
}

struct PackPanel<'a, 'b, T> {
    pointers: &'a Pointers<'b, T>,
    range: Range<usize>,
    channels: usize,
    pixels: usize,
    kernel: &'a Microkernel<T>,
    data: &'a mut [T],
}

impl<T: Element> Pass for PackPanel<'_, '_, T> {
    type Output = ();

    /// One run of channels of one tap after another.
    #[inline(always)]
    fn run(self) {
        let Self {
            pointers,
            range,
            channels,
            pixels,
            kernel,
            data,
        } = self;
        let line = kernel.group * kernel.columns;
        // The last group, and what is padded, may be incomplete; columns that do not exist stay zero from the start.
        data[pixels / kernel.group * line..].fill(T::default());
        let mut column = range.start;
        while column < range.end {
            let (tap, channel) = (column / channels, column % channels);
            let count = (channels - channel).min(range.end - column);
            let at = (column - range.start) * kernel.group;
            for (group, line) in data.chunks_exact_mut(line).enumerate() {
                let first = group * kernel.group;
                if first >= pixels {
                    break;
                }
                let to = &mut line[at..at + count * kernel.group];
                // SAFETY: `Rows` promises `channels` elements at every pointer.
                let from = |pixel| unsafe {
                    std::slice::from_raw_parts(pointers.at(pixel, tap).add(channel), count)
                };
                if kernel.group == 1 {
                    copy(to, from(first));
                } else if first + 1 < pixels {
                    interleave(to, from(first), from(first + 1));
                } else {
                    for (to, from) in to.iter_mut().step_by(kernel.group).zip(from(first)) {
                        *to = *from;
                    }
                }
            }
            column += count;
        }
    }
}
