//! 3×3 convolutions in a quarter of the multiplications: F(4×4, 3×3) of Winograd's minimal filtering (Lavin & Gray 2015).
//!
//! The output is cut into tiles of 4×4 pixels. A tile's input, 6×6 pixels, is transformed; each of the 36 values is a product over the
//! input channels with weights transformed beforehand; 36 products transformed back are the output. It takes four times the memory of
//! the plain weights and is for f32: in bf16 the transformed values lose too many bits.

#![allow(unsafe_code, reason = "hands pointers to the transforms")]

use std::ops::Range;

use rayon::prelude::*;

use super::shape::{Convolution, Image};
use crate::{
    Element, Instructions,
    product::{
        Aligned, Contiguous, Microkernel, Output, PackedMatrix, Scratch, Shared, Sink, Weights,
        run_alone,
        transforms::{self, INPUT, OUTPUT, Transforms, transform_kernels},
    },
};

/// Values of a tile.
const PLANES: usize = INPUT * INPUT;
/// Channels come in whole vectors of the widest instruction set.
const LANES: usize = 16;
/// Bytes of transformed input that are worked on at a time: with as many of products they stay in the third-level cache.
const BLOCK_BYTES: usize = 4 << 20;
/// Output channels transformed back together, while their sums are in the first-level cache.
const TOGETHER: usize = 64;

/// Weights for Winograd's convolution.
#[derive(Debug)]
pub(crate) struct Winograd {
    kernel: Microkernel<f32>,
    transforms: Transforms,
    shape: Convolution,
    planes: Vec<PackedMatrix<f32>>,
    zeros: Aligned<f32>,
}

/// Some tiles of a batch, and the sizes that go with them.
struct Block {
    tiles: Range<usize>,
    lines: usize,
    columns: usize,
    /// From one plane to the next of transformed input and of products; not a multiple of a page, for 36 planes are written together.
    planes: [usize; 2],
}

impl Winograd {
    /// Whether it is possible, and faster than the direct sum for images of this size: there must be enough tiles that reading four
    /// times the weights does not matter.
    pub fn pays(shape: &Convolution, image: Image) -> bool {
        let same = *shape == Convolution::same(shape.outputs, shape.inputs, 3);
        let whole = shape.inputs.is_multiple_of(LANES) && shape.outputs.is_multiple_of(LANES);
        same && whole && shape.weights() > 0 && tiles(image).2 >= FEWEST_TILES
    }

    /// As [`Self::pays`], with the transformation of the weights paid by one use.
    pub fn pays_once(shape: &Convolution, image: Image) -> bool {
        Self::pays(shape, image) && tiles(image).2 >= FEWEST_TILES_ONCE
    }

    /// From `weight` `[outputs, inputs, 3, 3]`.
    pub fn new(instructions: Instructions, shape: Convolution, weight: &[f32]) -> Self {
        let kernel = f32::microkernel(instructions);
        let pairs = shape.outputs * shape.inputs;
        let mut values = Scratch::<f32>::new(PLANES * pairs);
        {
            let shared = Shared::new(&mut values);
            weight
                .par_chunks_exact(9 * shape.inputs)
                .enumerate()
                .for_each(|(output, weight)| {
                    // SAFETY: every output has a part of its own in each plane.
                    let lines: [&mut [f32]; PLANES] = std::array::from_fn(|plane| unsafe {
                        shared.part(plane * pairs + output * shape.inputs, shape.inputs)
                    });
                    transform_kernels(weight, lines);
                });
        }
        let planes = values.chunks_exact(pairs).map(|data| {
            let weights = Weights {
                data,
                depth_stride: 1,
                column_stride: shape.inputs,
                taps: &[0],
            };
            PackedMatrix::pack(&kernel, [shape.inputs, shape.outputs], &weights)
        });
        let planes = planes.collect();
        let transforms = Transforms::new(instructions);
        Self {
            kernel,
            transforms,
            shape,
            planes,
            zeros: Aligned::zeros(shape.inputs),
        }
    }

    /// `[batch, height, width, inputs]`, of which every output pixel goes to `output`.
    pub fn forward<T: Element, M>(&self, image: Image, x: &[f32], output: &Output<'_, T, M>)
    where
        M: Fn(usize) -> usize + Sync,
    {
        let Convolution {
            inputs, outputs, ..
        } = self.shape;
        assert_eq!(
            x.len(),
            image.pixels() * inputs,
            "activations of {image:?} with {inputs} channels"
        );
        let (lines, columns, all) = tiles(image);
        let most = (BLOCK_BYTES / (4 * PLANES * inputs.max(outputs))).max(4 * self.kernel.rows());
        let in_block = all.div_ceil(all.div_ceil(most).max(1)).max(1);
        let planes = [inputs, outputs].map(|channels| in_block * channels + LANES);
        let mut transformed = Scratch::new(PLANES * planes[0]);
        let mut products = Scratch::new(PLANES * planes[1]);
        for first in (0..all).step_by(in_block) {
            let tiles = first..all.min(first + in_block);
            let block = Block {
                tiles,
                lines,
                columns,
                planes,
            };
            self.transform_input(image, x, &block, Shared::new(&mut transformed));
            self.multiply(&block, &transformed, Shared::new(&mut products));
            self.transform_output(image, &block, &products, output);
        }
    }

    fn transform_input(&self, image: Image, x: &[f32], block: &Block, to: Shared<'_, f32>) {
        let inputs = self.shape.inputs;
        block
            .tiles
            .clone()
            .into_par_iter()
            .with_min_len(4)
            .for_each(|tile| {
                let (sample, y, x_) = block.place(tile);
                let mut pixels = [[self.zeros.as_ptr(); INPUT]; INPUT];
                for (dy, pixels) in pixels.iter_mut().enumerate() {
                    for (dx, pixel) in pixels.iter_mut().enumerate() {
                        // Below zero becomes huge.
                        let (y, x_) = ((y + dy).wrapping_sub(1), (x_ + dx).wrapping_sub(1));
                        if y < image.height && x_ < image.width {
                            let at = (sample * image.height + y) * image.width + x_;
                            *pixel = x[at * inputs..][..inputs].as_ptr();
                        }
                    }
                }
                let start = (tile - block.tiles.start) * inputs;
                let plane = block.planes[0];
                // SAFETY: a tile's channels in every plane are written by one task and lie inside the memory.
                unsafe {
                    let to = to.pointer(start, (PLANES - 1) * plane + inputs);
                    (self.transforms.input)(&transforms::Input {
                        pixels,
                        channels: inputs,
                        to,
                        plane,
                    });
                }
            });
    }

    fn multiply(&self, block: &Block, transformed: &[f32], products: Shared<'_, f32>) {
        let Convolution {
            inputs, outputs, ..
        } = self.shape;
        let count = block.tiles.len();
        let panels = self.planes[0].panels();
        // Each plane in one task, or in as many as keep all threads busy.
        let parts = (4 * rayon::current_num_threads())
            .div_ceil(PLANES)
            .clamp(1, panels);
        let in_part = panels.div_ceil(parts);
        (0..PLANES * parts)
            .into_par_iter()
            .with_max_len(1)
            .for_each(|index| {
                let (plane, part) = (index / parts, index % parts);
                let panels = (part * in_part).min(panels)..panels.min((part + 1) * in_part);
                let x = &transformed[plane * block.planes[0]..][..count * inputs];
                let rows = Contiguous {
                    x,
                    depth: inputs,
                    count,
                };
                let sink = Plane {
                    out: products,
                    start: plane * block.planes[1],
                    columns: outputs,
                };
                run_alone(&self.kernel, &self.planes[plane], &rows, &sink, panels);
            });
    }

    fn transform_output<T: Element, M>(
        &self,
        image: Image,
        block: &Block,
        products: &[f32],
        output: &Output<'_, T, M>,
    ) where
        M: Fn(usize) -> usize + Sync,
    {
        let outputs = self.shape.outputs;
        let plane = block.planes[1];
        block
            .tiles
            .clone()
            .into_par_iter()
            .with_min_len(4)
            .for_each(|tile| {
                let (sample, y, x) = block.place(tile);
                let mut sums = [0.0_f32; OUTPUT * OUTPUT * TOGETHER];
                for channel in (0..outputs).step_by(TOGETHER) {
                    let channels = TOGETHER.min(outputs - channel);
                    let from = &products[(tile - block.tiles.start) * outputs + channel..];
                    let from = from[..(PLANES - 1) * plane + channels].as_ptr();
                    let to = sums.as_mut_ptr();
                    let tile = transforms::Output {
                        from,
                        plane,
                        channels,
                        to,
                        stride: TOGETHER,
                    };
                    // SAFETY: all planes hold the channels from here on, and the sums as many as are taken together.
                    unsafe { (self.transforms.output)(&tile) };
                    for line in 0..OUTPUT.min(image.height - y) {
                        let row = (sample * image.height + y + line) * image.width + x;
                        let rows = row..row + OUTPUT.min(image.width - x);
                        let sums = &mut sums[line * OUTPUT * TOGETHER..];
                        output.take(rows, channel..channel + channels, sums, TOGETHER);
                    }
                }
            });
    }
}

/// Fewer tiles than this leave the products waiting for their weights.
const FEWEST_TILES: usize = 16;
/// Fewer tiles than this take less time than transforming the weights.
const FEWEST_TILES_ONCE: usize = 200;

/// Tiles of an image down and across, and of the whole batch.
fn tiles(image: Image) -> (usize, usize, usize) {
    let (lines, columns) = (image.height.div_ceil(OUTPUT), image.width.div_ceil(OUTPUT));
    (lines, columns, image.batch * lines * columns)
}

impl Block {
    /// Sample, line and column of a tile's first output pixel.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (line, column) = (tile / self.columns, tile % self.columns);
        (
            line / self.lines,
            line % self.lines * OUTPUT,
            column * OUTPUT,
        )
    }
}

/// Keeps sums as they are.
struct Plane<'a> {
    out: Shared<'a, f32>,
    start: usize,
    columns: usize,
}

impl Sink for Plane<'_> {
    fn take(&self, rows: Range<usize>, columns: Range<usize>, sums: &mut [f32], stride: usize) {
        for (row, sums) in rows.zip(sums.chunks_exact(stride)) {
            let start = self.start + row * self.columns + columns.start;
            // SAFETY: every row and column of a plane belongs to one tile, and each tile is taken once.
            let out = unsafe { self.out.part(start, columns.len()) };
            out.copy_from_slice(&sums[..columns.len()]);
        }
    }
}
