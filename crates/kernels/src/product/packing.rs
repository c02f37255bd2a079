//! The second factor of a product, laid out as the microkernel reads it.
//!
//! `[panel][tap][depth / group][column in panel][group]`: a panel is as many columns as a tile has, read from beginning to end for
//! every tile. Columns and depths that do not exist are zeros.

use rayon::prelude::*;

use super::{
    memory::{Aligned, Shared},
    microkernel::Microkernel,
};
use crate::Element;

/// Depths packed together: what is read for one tap stays in the first-level cache for the next.
const BLOCK: usize = 16;

/// Below this many weights waking another thread costs more than it saves.
const ALONE: usize = 1 << 15;

/// Published weights: where the one of a depth, a column and a tap lies.
pub(crate) struct Weights<'a, T> {
    pub data: &'a [T],
    pub depth_stride: usize,
    pub column_stride: usize,
    /// Of those that are packed, their place among neighbours.
    pub taps: &'a [usize],
}

/// Weights in panels.
#[derive(Debug)]
pub(crate) struct PackedMatrix<T> {
    data: Aligned<T>,
    pub taps: usize,
    pub depth: usize,
    pub columns: usize,
    panel_columns: usize,
    panel_length: usize,
}

impl<T: Element> PackedMatrix<T> {
    /// Zeros, to be filled.
    pub fn zeros(kernel: &Microkernel<T>, taps: usize, depth: usize, columns: usize) -> Self {
        let padded = depth.next_multiple_of(kernel.depth_multiple);
        let panel_length = taps * padded * kernel.columns;
        Self {
            data: Aligned::zeros(panel_length * columns.div_ceil(kernel.columns)),
            taps,
            depth,
            columns,
            panel_columns: kernel.columns,
            panel_length,
        }
    }

    /// Packs weights that lie at strides.
    pub fn pack(
        kernel: &Microkernel<T>,
        [depth, columns]: [usize; 2],
        weights: &Weights<'_, T>,
    ) -> Self {
        let mut packed = Self::zeros(kernel, weights.taps.len(), depth, columns);
        if packed.data.is_empty() {
            return packed;
        }
        let length = packed.panel_length;
        let fill = |(panel, data): (usize, &mut [T])| {
            let first = panel * kernel.columns;
            let count = kernel.columns.min(columns - first);
            pack_panel(kernel, weights, depth, (first, count), data);
        };
        if packed.data.len() < ALONE {
            packed.data.chunks_mut(length).enumerate().for_each(fill);
        } else {
            packed
                .data
                .par_chunks_mut(length)
                .enumerate()
                .for_each(fill);
        }
        packed
    }

    /// Another depth, not above the one it was made with; its panels must then be written anew.
    pub fn set_depth(&mut self, kernel: &Microkernel<T>, depth: usize) {
        let length = self.taps * depth.next_multiple_of(kernel.depth_multiple) * kernel.columns;
        assert!(
            length * self.panels() <= self.data.len(),
            "depth {depth} is too large"
        );
        (self.depth, self.panel_length) = (depth, length);
    }

    /// Number of panels.
    pub fn panels(&self) -> usize {
        self.columns.div_ceil(self.panel_columns)
    }

    /// The size of one.
    pub fn panel_bytes(&self) -> usize {
        self.panel_length * size_of::<T>()
    }

    /// One panel, from its first tap.
    pub fn panel(&self, index: usize) -> &[T] {
        &self.data[index * self.panel_length..][..self.panel_length]
    }

    /// A packed matrix for which each panel is written by somebody else, in parallel.
    pub fn panels_mut(&mut self) -> (Shared<'_, T>, usize) {
        (Shared::new(&mut self.data), self.panel_length)
    }
}

fn pack_panel<T: Element>(
    kernel: &Microkernel<T>,
    weights: &Weights<'_, T>,
    depth: usize,
    (first, columns): (usize, usize),
    data: &mut [T],
) {
    let tap_length = data.len() / weights.taps.len();
    for start in (0..depth).step_by(BLOCK) {
        let depths = start..depth.min(start + BLOCK);
        for (data, &tap) in data.chunks_exact_mut(tap_length).zip(weights.taps) {
            let from = &weights.data[first * weights.column_stride + tap..];
            let block = Block {
                from,
                depths: depths.clone(),
                columns,
            };
            if kernel.group == 1 {
                block.pack::<1>(kernel.columns, weights, data);
            } else {
                block.pack::<2>(kernel.columns, weights, data);
            }
        }
    }
}

/// Some depths of one tap for the columns of a panel.
struct Block<'a, T> {
    from: &'a [T],
    depths: std::ops::Range<usize>,
    columns: usize,
}

impl<T: Element> Block<'_, T> {
    /// `GROUP` is a constant because dividing by a variable costs more than all the rest.
    fn pack<const GROUP: usize>(&self, width: usize, weights: &Weights<'_, T>, to: &mut [T]) {
        for column in 0..self.columns {
            let from = &self.from[column * weights.column_stride..];
            for k in self.depths.clone() {
                let at = (k / GROUP * width + column) * GROUP + k % GROUP;
                to[at] = from[k * weights.depth_stride];
            }
        }
    }
}
