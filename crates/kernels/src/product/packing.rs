//! The second factor of a product, laid out as the microkernel reads it.
//!
//! `[panel][tap][depth / group][column in panel][group]`: a panel is as many columns as a tile has, read from beginning to end for
//! every tile. Columns and depths that do not exist are zeros.

use std::ops::{Deref, DerefMut};

use rayon::prelude::*;

use super::{
    memory::{Aligned, Scratch},
    microkernel::Microkernel,
};
use crate::Element;

/// Depths packed together: what is read for one tap stays in the first-level cache for the next.
const BLOCK: usize = 16;
/// The same where there is one tap: what is written for one column stays in the cache for the next.
const ALONG: usize = 64;

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

/// Where panels lie.
#[derive(Debug)]
enum Memory<T: Element> {
    Own(Aligned<T>),
    Lent(Scratch<T>),
}

impl<T: Element> Deref for Memory<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Own(memory) => memory,
            Self::Lent(memory) => memory,
        }
    }
}

impl<T: Element> DerefMut for Memory<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Own(memory) => memory,
            Self::Lent(memory) => memory,
        }
    }
}

/// Weights in panels.
#[derive(Debug)]
pub(crate) struct PackedMatrix<T: Element> {
    data: Memory<T>,
    pub taps: usize,
    pub depth: usize,
    pub columns: usize,
    panel_columns: usize,
    panel_length: usize,
}

impl<T: Element> PackedMatrix<T> {
    /// Zeros, to be filled.
    pub fn zeros(kernel: &Microkernel<T>, taps: usize, depth: usize, columns: usize) -> Self {
        Self::over(kernel, [taps, depth, columns], |length| {
            Memory::Own(Aligned::zeros(length))
        })
    }

    fn over(
        kernel: &Microkernel<T>,
        [taps, depth, columns]: [usize; 3],
        memory: impl Fn(usize) -> Memory<T>,
    ) -> Self {
        let padded = depth.next_multiple_of(kernel.depth_multiple);
        let panel_length = taps * padded * kernel.columns;
        Self {
            data: memory(panel_length * columns.div_ceil(kernel.columns)),
            taps,
            depth,
            columns,
            panel_columns: kernel.columns,
            panel_length,
        }
    }

    /// Packs weights that lie at strides.
    pub fn pack(kernel: &Microkernel<T>, size: [usize; 2], weights: &Weights<'_, T>) -> Self {
        Self::packed(kernel, size, weights, |length| {
            Memory::Own(Aligned::zeros(length))
        })
    }

    /// The same in memory that is used again after this matrix.
    pub fn pack_once(kernel: &Microkernel<T>, size: [usize; 2], weights: &Weights<'_, T>) -> Self {
        Self::packed(kernel, size, weights, |length| {
            Memory::Lent(Scratch::new(length))
        })
    }

    fn packed(
        kernel: &Microkernel<T>,
        [depth, columns]: [usize; 2],
        weights: &Weights<'_, T>,
        memory: impl Fn(usize) -> Memory<T>,
    ) -> Self {
        let mut packed = Self::over(kernel, [weights.taps.len(), depth, columns], memory);
        if packed.data.is_empty() {
            return packed;
        }
        let length = packed.panel_length;
        let fill = |(panel, data): (usize, &mut [T])| {
            let first = panel * kernel.columns;
            let count = kernel.columns.min(columns - first);
            if count < kernel.columns || !depth.is_multiple_of(kernel.depth_multiple) {
                data.fill(T::default());
            }
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

    /// One panel, to be written.
    pub fn panel_mut(&mut self, index: usize) -> &mut [T] {
        &mut self.data[index * self.panel_length..][..self.panel_length]
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
    let together = if weights.taps.len() == 1 {
        ALONG
    } else {
        BLOCK
    };
    for start in (0..depth).step_by(together) {
        for (data, &tap) in data.chunks_exact_mut(tap_length).zip(weights.taps) {
            let from = &weights.data[first * weights.column_stride + tap..];
            let from = &from[start * weights.depth_stride..];
            let to = &mut data[start * kernel.columns..];
            let block = Block {
                weights,
                from,
                depth: depth.min(start + together) - start,
                columns,
            };
            if kernel.group == 1 {
                block.pack::<1>(kernel.columns, to);
            } else {
                block.pack::<2>(kernel.columns, to);
            }
        }
    }
}

/// Some depths of one tap for the columns of a panel.
struct Block<'a, T> {
    weights: &'a Weights<'a, T>,
    from: &'a [T],
    depth: usize,
    columns: usize,
}

impl<T: Element> Block<'_, T> {
    /// The usual distances of neighbouring columns, one and the taps of a kernel, are constants, as `GROUP` is: the loops over them are
    /// several times as fast.
    fn pack<const GROUP: usize>(&self, width: usize, to: &mut [T]) {
        match self.weights.column_stride {
            1 => self.pack_lines::<GROUP, 1>(width, to),
            4 => self.pack_lines::<GROUP, 4>(width, to),
            9 => self.pack_lines::<GROUP, 9>(width, to),
            16 => self.pack_lines::<GROUP, 16>(width, to),
            _ => self.pack_columns::<GROUP>(width, to),
        }
    }

    /// Column by column.
    fn pack_columns<const GROUP: usize>(&self, width: usize, to: &mut [T]) {
        let stride = self.weights.depth_stride;
        for column in 0..self.columns {
            let from = &self.from[column * self.weights.column_stride..];
            let from = &from[..=(self.depth - 1) * stride];
            let mut lines = to[column * GROUP..].chunks_mut(width * GROUP);
            if stride == 1 {
                let (whole, rest) = from.as_chunks::<GROUP>();
                // In this order: the pair that finds no more elements must not have taken a line.
                for (from, to) in whole.iter().zip(lines.by_ref()) {
                    to[..GROUP].copy_from_slice(from);
                }
                if let (Some(to), Some(last)) = (lines.next(), rest.first()) {
                    to[0] = *last;
                }
            } else if GROUP == 1 {
                for (to, from) in lines.zip(from.iter().step_by(stride)) {
                    to[0] = *from;
                }
            } else {
                for (to, from) in lines.zip(from.chunks(GROUP * stride)) {
                    to[0] = from[0];
                    if let Some(odd) = from.get(stride) {
                        to[1] = *odd;
                    }
                }
            }
        }
    }

    /// Depth by depth.
    fn pack_lines<const GROUP: usize, const STRIDE: usize>(&self, width: usize, to: &mut [T]) {
        let length = (self.columns - 1) * STRIDE + 1;
        let line = |depth: usize| &self.from[depth * self.weights.depth_stride..][..length];
        let groups = to
            .chunks_mut(width * GROUP)
            .zip((0..self.depth).step_by(GROUP));
        for (to, first) in groups {
            let whole = first + GROUP <= self.depth;
            match (GROUP, STRIDE) {
                (1, 1) => copy(&mut to[..self.columns], line(first)),
                (2, 1) if whole => {
                    interleave(&mut to[..2 * self.columns], line(first), line(first + 1));
                }
                _ => {
                    for member in 0..GROUP.min(self.depth - first) {
                        let from = line(first + member).iter().step_by(STRIDE);
                        for (to, from) in to[member..].iter_mut().step_by(GROUP).zip(from) {
                            *to = *from;
                        }
                    }
                }
            }
        }
    }
}

/// Elements copied by one move.
const WIDTH: usize = 16;

/// A copy of few elements, without a call.
#[inline(always)]
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    let (to, to_rest) = to.as_chunks_mut::<WIDTH>();
    let (from, from_rest) = from.as_chunks::<WIDTH>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = *from;
    }
}

/// Pairs of one element of each.
#[inline(always)]
pub(super) fn interleave<T: Copy>(to: &mut [T], even: &[T], odd: &[T]) {
    let (pairs, pairs_rest) = to.as_chunks_mut::<{ 2 * WIDTH }>();
    let (even, even_rest) = even.as_chunks::<WIDTH>();
    let (odd, odd_rest) = odd.as_chunks::<WIDTH>();
    for ((pairs, even), odd) in pairs.iter_mut().zip(even).zip(odd) {
        for index in 0..WIDTH {
            pairs[2 * index] = even[index];
            pairs[2 * index + 1] = odd[index];
        }
    }
    for ((pair, even), odd) in pairs_rest.chunks_exact_mut(2).zip(even_rest).zip(odd_rest) {
        pair.copy_from_slice(&[*even, *odd]);
    }
}
