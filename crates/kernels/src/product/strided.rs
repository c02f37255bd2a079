//! Weights whose depths do not lie one after the other: transposes, and the phases of transposed convolutions.

use super::{
    microkernel::Microkernel,
    packing::{Weights, copy, interleave},
};
use crate::Element;

/// Depths packed together: what is read for one tap stays in the first-level cache for the next.
const BLOCK: usize = 16;
/// The same where there is one tap: what is written for one column stays in the cache for the next.
const ALONG: usize = 64;

/// A panel's columns.
pub(super) fn pack_strided<T: Element>(
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
            let lines = to[column * GROUP..].chunks_mut(width * GROUP);
            if GROUP == 1 {
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
