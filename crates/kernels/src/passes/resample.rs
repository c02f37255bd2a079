//! Half and double resolution: the mean of blocks of 2 × 2 pixels (EDM2's filter [1, 1]) and their repetition. Up to a factor
//! of 4 each is the other's backward, so two loops serve all four.

use super::mix::scale;
use super::pieces::{OneInput, one_input};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::instructions::Instructions;

/// `[_, height, width, channels]`, the batch being whatever the slices hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Elements of a pixel.
    pub channels: usize,
}

impl ImageShape {
    /// At least 1: an image without pixels has no rows to be cut into.
    fn row(self) -> usize {
        (self.width * self.channels).max(1)
    }

    #[track_caller]
    fn check(self, pass: &str, small: usize, large: usize) {
        let Self {
            height,
            width,
            channels,
        } = self;
        check_rows(pass, small, (height * width * channels).max(1));
        check_lengths(pass, "the larger image", large, 4 * small);
    }

    #[track_caller]
    fn half(self, pass: &str) -> Self {
        let Self {
            height,
            width,
            channels,
        } = self;
        let even = height.is_multiple_of(2) && width.is_multiple_of(2);
        assert!(
            even,
            "{pass}: {height} x {width} pixels are no whole number of 2 x 2 blocks"
        );
        Self {
            height: height / 2,
            width: width / 2,
            channels,
        }
    }
}

/// The mean of each block of 2 × 2 pixels: `x` is `[batch, height, width, channels]` as `image` says, `out`
/// `[batch, height/2, width/2, channels]`.
///
/// # Panics
/// If height or width is odd or the lengths do not fit.
pub fn downsample<T: Element>(
    instructions: Instructions,
    image: ImageShape,
    x: &[T],
    out: &mut [T],
) {
    let small = image.half("downsample");
    small.check("downsample", out.len(), x.len());
    gather(instructions, 0.25, small, x, out);
}

/// Each pixel repeated as a block of 2 × 2: `x` is `[batch, height, width, channels]` as `image` says, `out`
/// `[batch, 2 height, 2 width, channels]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn upsample<T: Element>(instructions: Instructions, image: ImageShape, x: &[T], out: &mut [T]) {
    image.check("upsample", x.len(), out.len());
    spread(instructions, 1.0, image, x, out);
}

/// The gradient with respect to the input of [`downsample`], whose shape is `image`; that of its output is `gradient`.
///
/// # Panics
/// If height or width is odd or the lengths do not fit.
pub fn downsample_backward<T: Element>(
    instructions: Instructions,
    image: ImageShape,
    gradient: &[T],
    out: &mut [T],
) {
    let small = image.half("downsample_backward");
    small.check("downsample_backward", gradient.len(), out.len());
    spread(instructions, 0.25, small, gradient, out);
}

/// The gradient with respect to the input of [`upsample`], whose shape is `image`; that of its output is `gradient`.
///
/// # Panics
/// If the lengths do not fit.
pub fn upsample_backward<T: Element>(
    instructions: Instructions,
    image: ImageShape,
    gradient: &[T],
    out: &mut [T],
) {
    image.check("upsample_backward", out.len(), gradient.len());
    gather(instructions, 1.0, image, gradient, out);
}

fn gather<T: Element>(
    instructions: Instructions,
    factor: f32,
    small: ImageShape,
    x: &[T],
    out: &mut [T],
) {
    let operation = Gather { factor, small };
    one_input(
        instructions,
        operation,
        [4 * small.row(), small.row()],
        x,
        out,
    );
}

fn spread<T: Element>(
    instructions: Instructions,
    factor: f32,
    small: ImageShape,
    x: &[T],
    out: &mut [T],
) {
    let operation = Spread { factor, small };
    one_input(
        instructions,
        operation,
        [small.row(), 4 * small.row()],
        x,
        out,
    );
}

/// Blocks to pixels, times a factor. Row by row of the smaller image.
#[derive(Clone, Copy)]
struct Gather {
    factor: f32,
    small: ImageShape,
}

impl OneInput for Gather {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        let row = self.small.row();
        let channels = self.small.channels;
        for (x, out) in x.chunks_exact(4 * row).zip(out.chunks_exact_mut(row)) {
            let (upper, lower) = x.split_at(2 * row);
            let blocks = upper
                .chunks_exact(2 * channels)
                .zip(lower.chunks_exact(2 * channels));
            for ((upper, lower), out) in blocks.zip(out.chunks_exact_mut(channels)) {
                gather_block(self.factor, upper, lower, out);
            }
        }
    }
}

#[inline(always)]
fn gather_block<T: Element>(factor: f32, upper: &[T], lower: &[T], out: &mut [T]) {
    let channels = out.len();
    let (upper_left, upper_right) = (&upper[..channels], &upper[channels..][..channels]);
    let (lower_left, lower_right) = (&lower[..channels], &lower[channels..][..channels]);
    for channel in 0..channels {
        let upper = upper_left[channel].to_f32() + upper_right[channel].to_f32();
        let lower = lower_left[channel].to_f32() + lower_right[channel].to_f32();
        out[channel] = T::from_f32((upper + lower) * factor);
    }
}

/// Pixels to blocks, times a factor.
#[derive(Clone, Copy)]
struct Spread {
    factor: f32,
    small: ImageShape,
}

impl OneInput for Spread {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        let row = self.small.row();
        let channels = self.small.channels;
        for (x, out) in x.chunks_exact(row).zip(out.chunks_exact_mut(4 * row)) {
            let (upper, lower) = out.split_at_mut(2 * row);
            let blocks = x
                .chunks_exact(channels)
                .zip(upper.chunks_exact_mut(2 * channels));
            for (x, upper) in blocks {
                let (left, right) = upper.split_at_mut(channels);
                // One loop each: two outputs in one loop might overlap, for all the compiler knows.
                scale(self.factor, x, left);
                scale(self.factor, x, right);
            }
            lower.copy_from_slice(upper);
        }
    }
}
