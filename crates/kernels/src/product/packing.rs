//! The second factor of a product, laid out as the microkernel reads it.
//!
//! `[panel][tap][depth / group][column in panel][group]`: a panel is as many columns as a tile has, read from beginning to end for
//! every tile. Columns and depths that do not exist are zeros.

#![allow(unsafe_code, reason = "pairs are written as words")]

use std::ops::{Deref, DerefMut, Range};

use rayon::prelude::*;

use super::{
    lines::{COLUMNS, Rows, Turn, store},
    memory::{Aligned, Scratch, populate},
    microkernel::Microkernel,
    strided::pack_strided,
};
use crate::Element;

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

    /// Packs rows `[depth][taps]`, one for each column, which `rows` writes: those of a panel when it is their turn, so that they are read
    /// while they are in the cache. Ends with what went wrong, if anything did.
    pub fn pack_rows<E: Send>(
        kernel: &Microkernel<T>,
        [taps, depth, columns]: [usize; 3],
        rows: impl Fn(Range<usize>, &mut [T]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let indices: Vec<usize> = (0..taps).collect();
        Self::of_panels(kernel, [taps, depth, columns], |columns, data| {
            let count = columns.len();
            let mut written = Scratch::new(count * depth * taps);
            rows(columns, &mut written)?;
            let weights = Weights {
                data: &written,
                depth_stride: taps,
                column_stride: depth * taps,
                taps: &indices,
            };
            pack_panel(kernel, &weights, depth, (0, count), data);
            Ok(())
        })
    }

    /// Panels of zeros that `write` fills, each for a range of columns.
    pub fn of_panels<E: Send>(
        kernel: &Microkernel<T>,
        [taps, depth, columns]: [usize; 3],
        write: impl Fn(Range<usize>, &mut [T]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let mut packed = Self::zeros(kernel, taps, depth, columns);
        if packed.data.is_empty() {
            return Ok(packed);
        }
        let panels = packed.data.par_chunks_mut(packed.panel_length);
        panels.enumerate().try_for_each(|(panel, data)| {
            let first = panel * kernel.columns;
            populate(data);
            write(first..columns.min(first + kernel.columns), data)
        })?;
        Ok(packed)
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

    /// What a panel has of one tap.
    pub fn tap(&self, panel: usize, tap: usize) -> &[T] {
        let length = self.panel_length / self.taps;
        &self.panel(panel)[tap * length..][..length]
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
    columns: (usize, usize),
    data: &mut [T],
) {
    let taps = weights.taps;
    let in_order = || taps.iter().enumerate().all(|(index, &tap)| index == tap);
    if weights.depth_stride == taps.len() && taps.len() <= Turn::MOST_TAPS && in_order() {
        pack_rows(kernel, weights, depth, columns, data);
    } else {
        pack_strided(kernel, weights, depth, columns, data);
    }
}

/// Where a column's weights lie one after the other, in the order of depths and their taps.
fn pack_rows<T: Element>(
    kernel: &Microkernel<T>,
    weights: &Weights<'_, T>,
    depth: usize,
    (first, columns): (usize, usize),
    data: &mut [T],
) {
    let taps = weights.taps.len();
    let tap_length = data.len() / taps;
    let line_length = kernel.columns * kernel.group;
    let mut turn = Turn::new();
    for column in (0..columns).step_by(COLUMNS) {
        let rows = Rows {
            data: &weights.data[(first + column) * weights.column_stride..],
            count: COLUMNS.min(columns - column),
            stride: weights.column_stride,
            depth,
            taps,
            group: kernel.group,
        };
        let length = COLUMNS.min(kernel.columns - column) * kernel.group;
        turn.each(&rows, |group, lines| {
            let to = &mut data[group * line_length + column * kernel.group..];
            for (group, lines) in lines.chunks_exact(taps).enumerate() {
                for (tap, line) in lines.iter().enumerate() {
                    let start = tap * tap_length + group * line_length;
                    store(&mut to[start..][..length], line);
                }
            }
        });
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

/// Pairs of one element of each, which must be half as wide as a word. As words, because a loop over single elements does not become
/// vector code.
#[inline(always)]
pub(super) fn interleave<T: Element>(to: &mut [T], even: &[T], odd: &[T]) {
    debug_assert_eq!(size_of::<T>(), 2);
    let (pairs, pairs_rest) = to.as_chunks_mut::<{ 2 * WIDTH }>();
    let (even, even_rest) = even.as_chunks::<WIDTH>();
    let (odd, odd_rest) = odd.as_chunks::<WIDTH>();
    for ((pairs, even), odd) in pairs.iter_mut().zip(even).zip(odd) {
        let mut words = [0_u32; WIDTH];
        for index in 0..WIDTH {
            words[index] = pair(even[index], odd[index]);
        }
        let pairs = pairs.as_mut_ptr().cast::<[u32; WIDTH]>();
        // SAFETY: there are twice as many elements of two bytes as words of four.
        unsafe { pairs.write_unaligned(words) };
    }
    for ((pair, even), odd) in pairs_rest.chunks_exact_mut(2).zip(even_rest).zip(odd_rest) {
        pair.copy_from_slice(&[*even, *odd]);
    }
}

/// The word in which `even` comes first in memory.
#[inline(always)]
fn pair<T: Element>(even: T, odd: T) -> u32 {
    let (even, odd) = (even.to_bits(), odd.to_bits());
    if cfg!(target_endian = "little") {
        even | odd << 16
    } else {
        even << 16 | odd
    }
}
