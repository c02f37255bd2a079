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

    fn pointers(&self, first: usize, count: usize, into: &mut [*const T]) {
        let Image { height, width, .. } = self.image;
        let (line, mut column) = (first / self.columns, first % self.columns);
        let (mut sample, mut row) = (line / self.rows, line % self.rows);
        for index in 0..count {
            let y = (row * self.phase.input_stride) as isize;
            let x = (column * self.phase.input_stride) as isize;
            for (tap, to) in self.phase.taps.iter().zip(into.chunks_exact_mut(MOST_ROWS)) {
                // A negative coordinate becomes a huge one.
                let (y, x) = ((y + tap.y) as usize, (x + tap.x) as usize);
                to[index] = if y < height && x < width {
                    let pixel = (sample * height + y) * width + x;
                    // SAFETY: inside the image.
                    unsafe { self.x.as_ptr().add(pixel * self.channels) }
                } else {
                    self.zeros.as_ptr()
                };
            }
            column += 1;
            if column == self.columns {
                (row, column) = (row + 1, 0);
            }
            if row == self.rows {
                (sample, row) = (sample + 1, 0);
            }
        }
    }
}
