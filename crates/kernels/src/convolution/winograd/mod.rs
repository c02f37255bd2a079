//! 3×3 convolutions in fewer multiplications, by Winograd's minimal filtering (Lavin & Gray 2016).
//!
//! The output is cut into tiles of m×m pixels. A tile's input, (m+2)×(m+2) pixels, is transformed; each of its values is a product over
//! the input channels with weights transformed beforehand; the products transformed back are the output. In f32 m is 4: a
//! quarter of the multiplications, four times the memory of the plain weights. In bf16 m is 2: 1/2.25 of the multiplications, 16/9 of the
//! memory. What is transformed is rounded to bf16 there, once, and m = 2 triples the error of rounding the output, which bf16 has anyway
//! (0.42 % of the output's size instead of 0.17 %); m = 4 makes it 1.2 %.
//!
//! A task is as many tiles as stay in the second-level cache when transformed. Their products with one panel of every plane are
//! transformed back at once, so that the products of no more than a panel are kept, and nothing is handed from task to task.

mod block;
mod grid;
mod panel;

use std::ops::Range;

use rayon::prelude::*;

use super::shape::{Convolution, Image};
use crate::{
    Element, Instructions,
    product::{Aligned, Microkernel, Output, PackedMatrix, Scratch, transforms::Transforms},
};
use block::Block;
use grid::Grid;
use panel::Panel;

/// Channels come in whole vectors of the widest instruction set.
const LANES: usize = 16;
/// Bytes of transformed input that a task works on: with a panel's products they stay in the second-level cache.
const BLOCK_BYTES: usize = 960 << 10;
/// A task has so many tiles of the microkernel even if they do not stay there: each of them uses all weights that are read.
const FEWEST_ROWS: usize = 3;

/// Fewer pixels leave the products waiting for their weights. Measured in bf16 with weights that come from memory: 1.9 times as fast as
/// the direct sum for 576 channels of 16×16 pixels, 1.5 times for 8×8.
const FEWEST_PIXELS: usize = 256;
/// Fewer pixels take less time than transforming the weights.
const FEWEST_PIXELS_ONCE: usize = 3200;

/// Weights for Winograd's convolution.
#[derive(Debug)]
pub(crate) struct Winograd<T: Element> {
    kernel: Microkernel<T>,
    transforms: Transforms<T>,
    shape: Convolution,
    /// A tap for each plane: one product needs a panel of all of them.
    planes: PackedMatrix<T>,
    zeros: Aligned<T>,
}

impl<T: Element> Winograd<T> {
    /// Whether there is a way to compute it so.
    pub fn is_possible(shape: &Convolution) -> bool {
        let fits = shape.kernel == [3, 3] && shape.stride == 1 && !shape.transposed;
        let whole = shape.inputs.is_multiple_of(LANES) && shape.outputs.is_multiple_of(LANES);
        fits && whole && shape.weights() > 0
    }

    /// Whether it is faster than the direct sum for images of this size, by so much that it is worth the memory.
    pub fn pays(instructions: Instructions, shape: &Convolution, image: Image) -> bool {
        let output = shape.output_size(image);
        let Some(output) = output.filter(|output| output.pixels() >= FEWEST_PIXELS) else {
            return false;
        };
        if !Self::is_possible(shape) {
            return false;
        }
        let transforms = T::transforms(instructions);
        let few = shape.inputs.min(shape.outputs) < transforms.fewest_channels;
        // Tiles that hang over the border must leave less than two thirds of the multiplications.
        let tiles = Grid::new([image, output], shape.padding, transforms.side).tiles();
        !few && 3 * tiles * transforms.values() <= 2 * output.pixels() * shape.taps()
    }

    /// As [`Self::pays`], with the transformation of the weights paid by one use.
    pub fn pays_once(instructions: Instructions, shape: &Convolution, image: Image) -> bool {
        Self::pays(instructions, shape, image) && image.pixels() >= FEWEST_PIXELS_ONCE
    }

    /// From rows `[inputs, 3, 3]`, one for each output, which `rows` writes.
    pub fn new<E: Send>(
        instructions: Instructions,
        shape: Convolution,
        rows: impl Fn(Range<usize>, &mut [T]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let kernel = T::microkernel(instructions);
        let transforms = T::transforms(instructions);
        let size = [transforms.values(), shape.inputs, shape.outputs];
        let planes = PackedMatrix::of_panels(&kernel, size, |outputs, data| {
            let mut written = Scratch::new(outputs.len() * 9 * shape.inputs);
            rows(outputs, &mut written)?;
            let panel = Panel {
                instructions,
                kernel: &kernel,
                transforms: &transforms,
                inputs: shape.inputs,
            };
            panel.pack(&written, data);
            Ok(())
        })?;
        Ok(Self {
            kernel,
            transforms,
            shape,
            planes,
            zeros: Aligned::zeros(shape.inputs),
        })
    }

    /// `[batch, height, width, inputs]`, of which every pixel of an output of this size goes to `output`.
    pub fn forward<M>(&self, [image, size]: [Image; 2], x: &[T], output: &Output<'_, T, M>)
    where
        M: Fn(usize) -> usize + Sync,
    {
        let inputs = self.shape.inputs;
        assert_eq!(
            x.len(),
            image.pixels() * inputs,
            "activations of {image:?} with {inputs} channels"
        );
        let grid = Grid::new([image, size], self.shape.padding, self.transforms.side);
        let (tiles, panels) = (grid.tiles(), self.planes.panels());
        if tiles == 0 {
            return;
        }
        let [blocks, parts] = self.tasks(tiles);
        let (in_block, in_part) = (tiles.div_ceil(blocks), panels.div_ceil(parts));
        let task = |index: usize| {
            let (block, part) = (index / parts * in_block, index % parts * in_part);
            let tiles = block.min(tiles)..tiles.min(block + in_block);
            let panels = part.min(panels)..panels.min(part + in_part);
            if !tiles.is_empty() && !panels.is_empty() {
                Block::new(self, &grid, tiles).convolve(x, panels, output);
            }
        };
        (0..blocks * parts)
            .into_par_iter()
            .with_max_len(1)
            .for_each(task);
    }

    /// How many blocks of tiles, and parts of the panels for each: as large as the cache allows, as many as keep all threads busy.
    fn tasks(&self, tiles: usize) -> [usize; 2] {
        let threads = rayon::current_num_threads();
        let rows = self.kernel.rows();
        let bytes = self.transforms.values() * self.shape.inputs * size_of::<T>();
        let most = (BLOCK_BYTES / bytes / rows).max(FEWEST_ROWS) * rows;
        let blocks = tiles.div_ceil(most);
        if blocks >= 4 * threads {
            return [blocks, 1];
        }
        // Threads that find less than a tile of the microkernel share tiles, each with weights of its own.
        let blocks = blocks.next_multiple_of(threads).min((tiles / rows).max(1));
        let parts = threads.div_ceil(blocks).min(self.planes.panels());
        [blocks, parts]
    }
}
