//! What one task computes: some tiles, from the activations to the output, without leaving the second-level cache.

#![allow(unsafe_code, reason = "hands pointers to the transforms")]

use std::ops::Range;

use super::{LANES, Winograd, grid::Grid};
use crate::{
    Element,
    product::{
        Output, Scratch, Sink, Tiles,
        transforms::{self, MOST_SIDE, MOST_VALUES},
    },
};

/// Pixels of a line that are transformed back together, while their sums are in the first-level cache.
const TOGETHER: usize = 16;
/// Columns of the widest panel.
const MOST_COLUMNS: usize = 32;

/// Some tiles, and room for what becomes of them.
pub(super) struct Block<'a, T: Element> {
    winograd: &'a Winograd<T>,
    grid: &'a Grid,
    tiles: Range<usize>,
    /// `[plane][tile][inputs]`.
    transformed: Scratch<T>,
    /// `[plane][tile][columns of a panel]`, and behind each plane room for the whole tile of a microkernel.
    products: Scratch<f32>,
    /// From one plane to the next; not a multiple of a page, for all planes are written together.
    transformed_plane: usize,
    products_plane: usize,
}

impl<'a, T: Element> Block<'a, T> {
    pub fn new(winograd: &'a Winograd<T>, grid: &'a Grid, tiles: Range<usize>) -> Self {
        let kernel = &winograd.kernel;
        let transformed_plane = tiles.len() * winograd.shape.inputs + LANES;
        let products_plane = (tiles.len() + kernel.rows()) * kernel.columns() + LANES;
        Self {
            winograd,
            grid,
            tiles,
            transformed: Scratch::new(winograd.planes.taps * transformed_plane),
            products: Scratch::new(winograd.planes.taps * products_plane),
            transformed_plane,
            products_plane,
        }
    }

    /// The output's columns of some panels.
    pub fn convolve<M>(&mut self, x: &[T], panels: Range<usize>, output: &Output<'_, T, M>)
    where
        M: Fn(usize) -> usize + Sync,
    {
        self.transform_input(x);
        let product = Tiles::new(&self.winograd.kernel);
        for panel in panels {
            self.multiply(&product, panel);
            self.transform_output(panel, output);
        }
    }

    fn transform_input(&mut self, x: &[T]) {
        let Winograd {
            transforms, zeros, ..
        } = self.winograd;
        let channels = self.winograd.shape.inputs;
        let plane = self.transformed_plane;
        let reach = (transforms.values() - 1) * plane + channels;
        let mut pixels = [zeros.as_ptr(); MOST_VALUES];
        for (index, tile) in self.tiles.clone().enumerate() {
            for (pointer, pixel) in pixels.iter_mut().zip(self.grid.reads(tile)) {
                *pointer = match pixel {
                    Some(pixel) => x[pixel * channels..][..channels].as_ptr(),
                    None => zeros.as_ptr(),
                };
            }
            let to = self.transformed[index * channels..][..reach].as_mut_ptr();
            let tile = transforms::Input {
                pixels,
                channels,
                to,
                plane,
            };
            // SAFETY: every pixel and the zeros have all channels, which find room in every plane.
            unsafe { (transforms.input)(&tile) };
        }
    }

    /// All tiles by one panel of every plane.
    fn multiply(&mut self, product: &Tiles<'_, T>, panel: usize) {
        let Winograd {
            kernel,
            planes,
            shape,
            ..
        } = self.winograd;
        let count = self.tiles.len();
        // Tiles of nearly equal height, not full ones and a rest.
        let rows = count.div_ceil(count.div_ceil(kernel.rows()));
        let from = self.transformed.chunks_exact(self.transformed_plane);
        let to = self.products.chunks_exact_mut(self.products_plane);
        for (plane, (from, to)) in from.zip(to).enumerate() {
            for first in (0..count).step_by(rows) {
                let a = (&from[first * shape.inputs..], shape.inputs);
                let to = &mut to[first * kernel.columns()..];
                product.multiply_to(planes, [panel, plane], a, rows.min(count - first), to);
            }
        }
    }

    fn transform_output<M>(&self, panel: usize, output: &Output<'_, T, M>)
    where
        M: Fn(usize) -> usize + Sync,
    {
        let (side, stride) = (self.grid.side, self.winograd.kernel.columns());
        let image = self.grid.output;
        let columns = panel * stride..self.winograd.shape.outputs.min((panel + 1) * stride);
        let mut sums = [0.0; MOST_SIDE * TOGETHER * MOST_COLUMNS];
        let mut first = self.tiles.start;
        while first < self.tiles.end {
            let left = self.grid.left_in_line(first).min(self.tiles.end - first);
            let count = left.min(TOGETHER / side);
            for index in 0..count {
                let tile = first - self.tiles.start + index;
                let to = &mut sums[index * side * stride..];
                self.transform_back(tile, columns.len(), to);
            }
            let [sample, top, left] = self.grid.place(first);
            for line in 0..side.min(image.height - top) {
                let row = (sample * image.height + top + line) * image.width + left;
                let rows = row..row + (count * side).min(image.width - left);
                let sums = &mut sums[line * TOGETHER * stride..];
                output.take(rows, columns.clone(), sums, stride);
            }
            first += count;
        }
    }

    /// One tile's columns, to lines that are [`TOGETHER`] pixels apart.
    fn transform_back(&self, tile: usize, channels: usize, to: &mut [f32]) {
        let (side, stride) = (self.grid.side, self.winograd.kernel.columns());
        let transforms = &self.winograd.transforms;
        let plane = self.products_plane;
        let from = &self.products[tile * stride..];
        let from = &from[..(transforms.values() - 1) * plane + channels];
        let line = TOGETHER * stride;
        let to = &mut to[..(side - 1) * (line + stride) + channels];
        let tile = transforms::Output {
            from: from.as_ptr(),
            plane,
            channels,
            to: to.as_mut_ptr(),
            line,
            stride,
        };
        // SAFETY: both slices reach to the last channel of the last plane and pixel.
        unsafe { (transforms.output)(&tile) };
    }
}
