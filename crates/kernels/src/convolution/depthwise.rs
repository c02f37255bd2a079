//! Depthwise 3×3 convolution: every channel has nine weights of its own, so there is no product to make tiles of.
//!
//! Bands of lines are turned to f32 once and computed four neighbouring pixels at a time, which share their weights and most of
//! their input in registers.

#![allow(unsafe_code, reason = "hands pointers to the strip's kernel")]

use std::ops::Range;

use rayon::prelude::*;

use super::shape::Image;
use crate::{
    Element, Instructions,
    instructions::Pass,
    product::{
        Aligned, Epilogue, Output, Shared, Sink,
        strip::{self, BLOCK, PIXELS, REACH, Strip},
    },
};

/// Lines of output of one task; it turns two more of input to f32.
const LINES: usize = 4;

/// Weights of a depthwise 3×3 convolution with stride 1 whose output is as large as its input.
#[derive(Debug)]
pub struct PackedDepthwise {
    instructions: Instructions,
    channels: usize,
    /// `[channels / 16][tap][16]`, padded with zeros.
    weights: Vec<[[f32; BLOCK]; 9]>,
}

impl PackedDepthwise {
    /// Packs `weight` `[channels, 1, 3, 3]`.
    ///
    /// # Panics
    /// If the length of `weight` is another.
    pub fn new<T: Element>(instructions: Instructions, channels: usize, weight: &[T]) -> Self {
        Self::pack(instructions, channels, weight, |tap| tap)
    }

    fn pack<T: Element>(
        instructions: Instructions,
        channels: usize,
        weight: &[T],
        order: impl Fn(usize) -> usize,
    ) -> Self {
        assert_eq!(
            weight.len(),
            channels * 9,
            "weights of a depthwise 3×3 convolution of {channels} channels"
        );
        let mut weights = vec![[[0.0; BLOCK]; 9]; channels.div_ceil(BLOCK)];
        for (channel, from) in weight.chunks_exact(9).enumerate() {
            for tap in 0..9 {
                weights[channel / BLOCK][tap][channel % BLOCK] = from[order(tap)].to_f32();
            }
        }
        Self {
            instructions,
            channels,
            weights,
        }
    }

    /// Channels of input and output.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// `[batch, height, width, channels]` to the same.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn forward<T: Element>(
        &self,
        image: Image,
        x: &[T],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    ) {
        let channels = self.channels;
        assert_eq!(
            x.len(),
            image.pixels() * channels,
            "input {image:?} of {channels} channels"
        );
        assert_eq!(
            out.len(),
            x.len(),
            "output {image:?} of {channels} channels"
        );
        epilogue.check(image.batch, channels, out.len());
        if x.is_empty() {
            return;
        }
        let output = Output {
            instructions: self.instructions,
            epilogue,
            out: Shared::new(out),
            columns: channels,
            rows_in_sample: image.height * image.width,
            place: |row| row,
            in_order: true,
        };
        let bands = image.height.div_ceil(LINES);
        (0..image.batch * bands).into_par_iter().for_each(|index| {
            let (sample, first) = (index / bands, index % bands * LINES);
            let lines = first..image.height.min(first + LINES);
            let band = Band::new(self.instructions, x, (image, channels), sample, lines);
            band.convolve(&self.weights, &output);
        });
    }
}

/// Some lines of one image, and where their input lies in f32.
struct Band<'a> {
    image: Image,
    sample: usize,
    lines: Range<usize>,
    channels: usize,
    padded: usize,
    input: Input<'a>,
    zeros: Aligned<f32>,
}

enum Input<'a> {
    /// The activations themselves, where they are f32 in whole blocks of channels.
    Direct(&'a [f32]),
    /// `[lines + 2, width, padded]`, from the line above on.
    Widened(Aligned<f32>),
}

/// Channels finished together, while their sums are in the first-level cache.
const TOGETHER: usize = 256;

impl<'a> Band<'a> {
    fn new<T: Element>(
        instructions: Instructions,
        x: &'a [T],
        (image, channels): (Image, usize),
        sample: usize,
        lines: Range<usize>,
    ) -> Self {
        let padded = channels.next_multiple_of(BLOCK);
        let zeros = Aligned::zeros(padded);
        let input = match T::as_f32(x) {
            Some(x) if padded == channels => Input::Direct(x),
            _ => Input::Widened(widened(instructions, x, (image, channels), sample, &lines)),
        };
        Self {
            image,
            sample,
            lines,
            channels,
            padded,
            input,
            zeros,
        }
    }

    fn convolve<T: Element, M>(&self, weights: &[[[f32; BLOCK]; 9]], output: &Output<'_, T, M>)
    where
        M: Fn(usize) -> usize + Sync,
    {
        let function = strip::function(output.instructions);
        let mut sums = Aligned::zeros(PIXELS * TOGETHER);
        for line in 0..self.lines.len() {
            for first in (0..self.image.width).step_by(PIXELS) {
                let pixels = self.neighbourhood(line, first);
                let y = self.sample * self.image.height + self.lines.start + line;
                let row = y * self.image.width + first;
                let rows = row..row + PIXELS.min(self.image.width - first);
                for channel in (0..self.padded).step_by(TOGETHER) {
                    let strip = Strip {
                        pixels: pixels.map(|line| line.map(|pixel| pixel[channel..].as_ptr())),
                        weights: weights[channel / BLOCK..].as_ptr().cast(),
                        channels: TOGETHER.min(self.padded - channel),
                        sums: sums.as_mut_ptr(),
                        stride: TOGETHER,
                    };
                    // SAFETY: pixels and weights have the padded channels, sums as many as are taken together.
                    unsafe { function(&strip) };
                    let columns = channel..self.channels.min(channel + TOGETHER);
                    output.take(rows.clone(), columns, &mut sums, TOGETHER);
                }
            }
        }
    }

    /// The input pixels around output pixels `first` to `first + PIXELS` of a line of the band; zeros outside the image.
    fn neighbourhood(&self, line: usize, first: usize) -> [[&[f32]; REACH]; 3] {
        let Image { height, width, .. } = self.image;
        let mut pixels = [[&self.zeros[..]; REACH]; 3];
        for (dy, pixels) in pixels.iter_mut().enumerate() {
            for (dx, pixel) in pixels.iter_mut().enumerate() {
                // Below zero becomes huge.
                let y = (self.lines.start + line + dy).wrapping_sub(1);
                let x = (first + dx).wrapping_sub(1);
                if y >= height || x >= width {
                    continue;
                }
                let (from, at) = match &self.input {
                    Input::Direct(from) => (*from, self.sample * height + y),
                    Input::Widened(from) => (&from[..], line + dy),
                };
                *pixel = &from[(at * width + x) * self.padded..][..self.padded];
            }
        }
        pixels
    }
}

/// The input of some lines in f32 and with channels padded.
fn widened<T: Element>(
    instructions: Instructions,
    x: &[T],
    (image, channels): (Image, usize),
    sample: usize,
    lines: &Range<usize>,
) -> Aligned<f32> {
    let padded = channels.next_multiple_of(BLOCK);
    let line = image.width * padded;
    let mut band = Aligned::zeros((lines.len() + 2) * line);
    for (index, to) in band.chunks_exact_mut(line).enumerate() {
        let y = (lines.start + index).wrapping_sub(1);
        if y < image.height {
            let from = (sample * image.height + y) * image.width * channels;
            let from = &x[from..][..image.width * channels];
            instructions.run(Widen {
                from,
                channels,
                to,
                padded,
            });
        }
    }
    band
}

struct Widen<'a, T> {
    from: &'a [T],
    channels: usize,
    to: &'a mut [f32],
    padded: usize,
}

impl<T: Element> Pass for Widen<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let lines = self
            .from
            .chunks_exact(self.channels)
            .zip(self.to.chunks_exact_mut(self.padded));
        for (from, to) in lines {
            for (to, from) in to.iter_mut().zip(from) {
                *to = from.to_f32();
            }
        }
    }
}

/// The gradient with respect to the input: the same convolution with its weights turned by 180°.
///
/// # Panics
/// If the lengths do not belong together.
pub fn depthwise_input_gradient<T: Element>(
    instructions: Instructions,
    channels: usize,
    image: Image,
    weight: &[T],
    grad: &[T],
    out: &mut [T],
) {
    let packed = PackedDepthwise::pack(instructions, channels, weight, |tap| 8 - tap);
    packed.forward(image, grad, &Epilogue::default(), out);
}

/// The gradient with respect to the weights, `[channels, 1, 3, 3]`, from `x` and the output's gradient, both `[batch, height,
/// width, channels]`.
///
/// # Panics
/// If the lengths do not belong together.
pub fn depthwise_weight_gradient<T: Element>(
    instructions: Instructions,
    channels: usize,
    image: Image,
    x: &[T],
    grad: &[T],
    out: &mut [f32],
) {
    assert_eq!(
        x.len(),
        image.pixels() * channels,
        "input {image:?} of {channels} channels"
    );
    assert_eq!(
        grad.len(),
        x.len(),
        "output's gradient {image:?} of {channels} channels"
    );
    assert_eq!(
        out.len(),
        channels * 9,
        "weight's gradient of {channels} channels"
    );
    if x.is_empty() {
        return out.fill(0.0);
    }
    out.par_chunks_mut(BLOCK * 9)
        .enumerate()
        .for_each(|(block, out)| {
            let (start, count) = (block * BLOCK, out.len() / 9);
            let mut totals = [[0.0_f32; BLOCK]; 9];
            let lines = Lines {
                x,
                grad,
                channels,
                start,
                count,
                totals: &mut totals,
            };
            instructions.run(Correlate { lines, image });
            for (lane, out) in out.chunks_exact_mut(9).enumerate() {
                for (out, total) in out.iter_mut().zip(&totals) {
                    *out = total[lane];
                }
            }
        });
}

/// A block of channels of input and gradient.
struct Lines<'a, T> {
    x: &'a [T],
    grad: &'a [T],
    channels: usize,
    start: usize,
    count: usize,
    totals: &'a mut [[f32; BLOCK]; 9],
}

/// Adds the products of the output's gradient with the input under every tap.
struct Correlate<'a, T> {
    lines: Lines<'a, T>,
    image: Image,
}

impl<T: Element> Pass for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Image {
            batch,
            height,
            width,
        } = self.image;
        let mut lines = self.lines;
        for line in 0..batch * height {
            for tap in 0..9 {
                let y = (line % height + tap / 3).wrapping_sub(1);
                if y >= height {
                    continue;
                }
                let from = (line / height * height + y) * width;
                // The output pixels whose input under this tap lies inside the line.
                let (first, last) = match tap % 3 {
                    0 => (1, width),
                    1 => (0, width),
                    _ => (0, width - 1),
                };
                for x in first..last {
                    lines.add(tap, line * width + x, from + x + tap % 3 - 1);
                }
            }
        }
    }
}

impl<T: Element> Lines<'_, T> {
    #[inline(always)]
    fn add(&mut self, tap: usize, grad: usize, x: usize) {
        let grad = &self.grad[grad * self.channels + self.start..][..self.count];
        let x = &self.x[x * self.channels + self.start..][..self.count];
        for ((total, grad), x) in self.totals[tap].iter_mut().zip(grad).zip(x) {
            *total += grad.to_f32() * x.to_f32();
        }
    }
}
