//! The rows of a convolution's product: a pointer into the activations for every output pixel and tap, or to zeros outside the
//! image. Nothing is copied.

#![allow(unsafe_code, reason = "promises what its pointers point to")]

use super::shape::{Image, Phase};
use crate::{
    Element,
    product::{Aligned, MOST_ROWS, Rows},
};

/// The windows of one phase.
pub(crate) struct Windows<'a, T> {
    x: &'a [T],
    image: Image,
    channels: usize,
    phase: &'a Phase,
    output: Image,
    /// Output pixels of this phase in one image.
    rows: usize,
    columns: usize,
    zeros: &'a [T],
}

impl<'a, T: Element> Windows<'a, T> {
    /// `x` is `[image, channels]`; `zeros` has at least as many elements as there are channels.
    pub fn new(
        x: &'a [T],
        (image, channels): (Image, usize),
        phase: &'a Phase,
        output: Image,
        zeros: &'a Aligned<T>,
    ) -> Self {
        assert_eq!(
            x.len(),
            image.pixels() * channels,
            "activations of {image:?} with {channels} channels"
        );
        assert!(zeros.len() >= channels, "zeros for {channels} channels");
        let along =
            |size: usize, first: usize| size.saturating_sub(first).div_ceil(phase.output_stride);
        let (rows, columns) = (
            along(output.height, phase.first[0]),
            along(output.width, phase.first[1]),
        );
        Self {
            x,
            image,
            channels,
            phase,
            output,
            rows,
            columns,
            zeros,
        }
    }

    /// The output pixel that a row of the product belongs to.
    #[inline(always)]
    pub fn place(&self, row: usize) -> usize {
        let Phase {
            output_stride,
            first,
            ..
        } = *self.phase;
        if output_stride == 1 {
            return row;
        }
        let (line, column) = (row / self.columns, row % self.columns);
        let (sample, line) = (line / self.rows, line % self.rows);
        let y = first[0] + output_stride * line;
        (sample * self.output.height + y) * self.output.width + first[1] + output_stride * column
    }
}

// SAFETY: a pixel inside the image has `channels` elements in `x`, whose length was checked, and `zeros` has as many.
unsafe impl<T: Element> Rows<T> for Windows<'_, T> {
    fn count(&self) -> usize {
        self.output.batch * self.rows * self.columns
    }

    /// First where each row's window has its base, then tap by tap: a choice without a branch, which becomes vector code.
    fn pointers(&self, first: usize, count: usize, into: &mut [*const T]) {
        let Image { height, width, .. } = self.image;
        let start = self.x.as_ptr();
        let (mut ys, mut xs) = ([0_isize; MOST_ROWS], [0_isize; MOST_ROWS]);
        let mut bases = [start; MOST_ROWS];
        let (line, mut column) = (first / self.columns, first % self.columns);
        let (mut sample, mut row) = (line / self.rows, line % self.rows);
        for index in 0..count {
            ys[index] = (row * self.phase.input_stride) as isize;
            xs[index] = (column * self.phase.input_stride) as isize;
            let pixel = ((sample * height) as isize + ys[index]) * width as isize + xs[index];
            bases[index] = start.wrapping_offset(pixel * self.channels as isize);
            column += 1;
            if column == self.columns {
                (row, column) = (row + 1, 0);
            }
            if row == self.rows {
                (sample, row) = (sample + 1, 0);
            }
        }
        let zeros = self.zeros.as_ptr();
        for (tap, to) in self.phase.taps.iter().zip(into.chunks_exact_mut(MOST_ROWS)) {
            let offset = (tap.y * width as isize + tap.x) * self.channels as isize;
            for index in 0..count {
                // A negative coordinate becomes a huge one.
                let inside = ((ys[index] + tap.y) as usize) < height
                    && ((xs[index] + tap.x) as usize) < width;
                let from = bases[index].wrapping_offset(offset);
                to[index] = if inside { from } else { zeros };
            }
        }
    }
}
