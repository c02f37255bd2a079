//! The gradient with respect to weights: a product whose depth is the pixels of the batch.
//!
//! `gradient[output, column] = Σ over pixels of grad[pixel, output] · x[pixel, column]`, where a column is a tap and an input channel.
//! The output's gradient is turned once, in chunks of pixels. A task is a group of panels of columns and a part of the chunks: of one
//! chunk after another it packs a panel of the input, which stays in the cache while the forward microkernel multiplies it by all
//! outputs. Each part has sums of its own, added in order; how many there are depends on the shape alone, never on threads.

#![allow(unsafe_code, reason = "promises what its pointers point to")]

use std::ops::Range;

use rayon::prelude::*;

use super::{
    memory::{Scratch, Shared},
    microkernel::{MOST_ROWS, Microkernel},
    packing::{PackedMatrix, copy, interleave},
    run::{Rows, Tiles},
};
use crate::{Element, Instructions, instructions::Pass};

/// Pixels taken at a time.
const CHUNK: usize = 512;
/// Between two rows of the turned gradient; not a multiple of a page, or all rows would share the same few lines of the cache.
const STRIDE: usize = CHUNK + 64;
/// About so many tasks: parts of the pixels times groups of panels.
const TASKS: usize = 48;
/// Bytes of sums of all parts.
const PARTS_BYTES: usize = 16 << 20;

/// What stands where the forward product has rows: for every pixel and tap a pointer to `channels` elements.
pub(crate) struct Columns<'a, R> {
    pub rows: &'a R,
    pub taps: usize,
    pub channels: usize,
}

/// The gradient of all pixels, where `grad` is `[pixels, outputs]`.
pub(crate) fn sums_over_pixels<T: Element, R: Rows<T>>(
    instructions: Instructions,
    columns: &Columns<'_, R>,
    grad: &[T],
    outputs: usize,
) -> Sums {
    let kernel = T::microkernel(instructions);
    let width = columns.taps * columns.channels;
    let panels = width.div_ceil(kernel.columns);
    let chunks = columns.rows.count().div_ceil(CHUNK);
    let length = outputs * kernel.columns;
    let parts = (PARTS_BYTES / (4 * panels * length).max(1)).clamp(1, chunks.clamp(1, 16));
    let (in_part, in_group) = (chunks.div_ceil(parts), (panels * parts).div_ceil(TASKS));
    let groups = panels.div_ceil(in_group.max(1));
    let work = Work {
        instructions,
        kernel: &kernel,
        turned: turned(grad, columns.rows.count(), outputs),
        pointers: pointers(columns),
        taps: columns.taps,
        channels: columns.channels,
        pixels: columns.rows.count(),
        outputs,
    };
    let mut data = Scratch::<f32>::new(parts * panels * length);
    let shared = Shared::new(&mut data);
    (0..parts * groups)
        .into_par_iter()
        .with_max_len(1)
        .for_each(|index| {
            let (part, group) = (index / groups, index % groups);
            let group = group * in_group..panels.min((group + 1) * in_group);
            let chunks = (part * in_part).min(chunks)..chunks.min((part + 1) * in_part);
            let first = part * panels + group.start;
            // SAFETY: each panel of each part belongs to one task.
            let sums = unsafe { shared.part(first * length, group.len() * length) };
            work.panels(width, group, chunks, sums);
        });
    let (first, others) = data.split_at_mut(panels * length);
    first
        .par_chunks_mut(length.max(1))
        .enumerate()
        .for_each(|(panel, sums)| {
            for part in others.chunks(panels * length) {
                let part = &part[panel * length..][..length];
                instructions.run(Add { sums, part });
            }
        });
    Sums {
        data,
        outputs,
        columns: kernel.columns,
    }
}

/// The gradient as it was summed, `[panel, output, column in panel]`.
pub(crate) struct Sums {
    data: Scratch<f32>,
    outputs: usize,
    columns: usize,
}

impl Sums {
    /// As weights are laid out: `[outputs, inputs, taps]`.
    pub fn write(&self, taps: usize, out: &mut [f32]) {
        let inputs = out.len() / self.outputs / taps;
        out.par_chunks_exact_mut(inputs * taps)
            .enumerate()
            .for_each(|(output, out)| match taps {
                1 => self.turn::<1>(output, inputs, out),
                4 => self.turn::<4>(output, inputs, out),
                9 => self.turn::<9>(output, inputs, out),
                16 => self.turn::<16>(output, inputs, out),
                _ => self.turn_any(output, taps, out),
            });
    }

    /// The columns from `column` on that lie together, of one output.
    #[inline(always)]
    fn line(&self, output: usize, column: usize) -> &[f32] {
        let (panel, at) = (column / self.columns, column % self.columns);
        &self.data[(panel * self.outputs + output) * self.columns..][at..self.columns]
    }

    /// From `[taps, inputs]` to `[inputs, taps]`, of one output.
    fn turn_any(&self, output: usize, taps: usize, out: &mut [f32]) {
        let inputs = out.len() / taps;
        for (input, out) in out.chunks_exact_mut(taps).enumerate() {
            for (tap, out) in out.iter_mut().enumerate() {
                *out = self.line(output, tap * inputs + input)[0];
            }
        }
    }

    /// The same for a number of taps that the compiler knows, for as many inputs at a time as all taps have together in memory.
    fn turn<const TAPS: usize>(&self, output: usize, inputs: usize, out: &mut [f32]) {
        let mut out = out.as_chunks_mut::<TAPS>().0;
        let mut at = 0;
        while at < inputs {
            let mut lines: [&[f32]; TAPS] = [&[]; TAPS];
            let mut count = inputs - at;
            for (tap, line) in lines.iter_mut().enumerate() {
                *line = self.line(output, tap * inputs + at);
                count = count.min(line.len());
            }
            for line in &mut lines {
                *line = &line[..count];
            }
            let (now, rest) = out.split_at_mut(count);
            for (input, now) in now.iter_mut().enumerate() {
                for tap in 0..TAPS {
                    now[tap] = lines[tap][input];
                }
            }
            (out, at) = (rest, at + count);
        }
    }
}

/// `[chunk, output, STRIDE]` from `[pixel, output]`.
fn turned<T: Element>(grad: &[T], pixels: usize, outputs: usize) -> Scratch<T> {
    /// Output channels turned together: a cache line of the gradient.
    const LINES: usize = 16;
    let blocks = outputs.div_ceil(LINES);
    let chunks = pixels.div_ceil(CHUNK);
    let mut turned = Scratch::new(chunks * outputs * STRIDE);
    let shared = Shared::new(&mut turned);
    (0..chunks * blocks).into_par_iter().for_each(|index| {
        let (chunk, first) = (index / blocks, index % blocks * LINES);
        let count = LINES.min(outputs - first);
        // SAFETY: each block of each chunk is written once.
        let lines = unsafe { shared.part((chunk * outputs + first) * STRIDE, count * STRIDE) };
        let pixels = chunk * CHUNK..pixels.min((chunk + 1) * CHUNK);
        for (index, pixel) in pixels.enumerate() {
            let from = &grad[pixel * outputs + first..][..count];
            for (line, value) in lines.chunks_exact_mut(STRIDE).zip(from) {
                line[index] = *value;
            }
        }
    });
    turned
}

/// A pointer that threads share.
#[repr(transparent)]
struct Address<T>(*const T);

// SAFETY: it points into borrowed activations, which are only read.
unsafe impl<T: Sync> Send for Address<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Address<T> {}

/// For every pixel and tap, `[pixel / MOST_ROWS, tap, MOST_ROWS]`.
fn pointers<T: Element, R: Rows<T>>(columns: &Columns<'_, R>) -> Vec<Address<T>> {
    let (pixels, block) = (columns.rows.count(), columns.taps * MOST_ROWS);
    let null = || Address(std::ptr::null());
    let mut all: Vec<Address<T>> = (0..pixels.div_ceil(MOST_ROWS) * block)
        .map(|_| null())
        .collect();
    all.par_chunks_mut(block.max(1))
        .with_min_len(16)
        .enumerate()
        .for_each(|(index, block)| {
            let first = index * MOST_ROWS;
            // SAFETY: an address is a pointer and nothing else.
            let block = unsafe { &mut *(std::ptr::from_mut(block) as *mut [*const T]) };
            columns
                .rows
                .pointers(first, MOST_ROWS.min(pixels - first), block);
        });
    all
}

/// What all tasks share.
struct Work<'a, T> {
    instructions: Instructions,
    kernel: &'a Microkernel<T>,
    turned: Scratch<T>,
    pointers: Vec<Address<T>>,
    taps: usize,
    channels: usize,
    pixels: usize,
    outputs: usize,
}

impl<T: Element> Work<'_, T> {
    /// The sums `[panel, output, column in panel]` of some panels over the chunks' pixels; `width` is that of all columns.
    fn panels(&self, width: usize, panels: Range<usize>, chunks: Range<usize>, sums: &mut [f32]) {
        if chunks.is_empty() {
            return sums.fill(0.0);
        }
        let kernel = self.kernel;
        let (start, length) = (chunks.start, self.outputs * kernel.columns);
        let mut matrix = PackedMatrix::zeros(kernel, 1, CHUNK.min(self.pixels), kernel.columns);
        let mut tiles = Tiles::new(kernel);
        for chunk in chunks {
            let first = chunk * CHUNK;
            let pixels = first..self.pixels.min(first + CHUNK);
            matrix.set_depth(kernel, pixels.len());
            let rows = &self.turned[chunk * self.outputs * STRIDE..];
            for (panel, sums) in panels.clone().zip(sums.chunks_exact_mut(length)) {
                let columns = panel * kernel.columns..width.min((panel + 1) * kernel.columns);
                let (pixels, data) = (pixels.clone(), matrix.panel_mut(0));
                self.instructions.run(PackPanel {
                    work: self,
                    columns,
                    pixels,
                    data,
                });
                self.multiply(&mut tiles, &matrix, rows, chunk == start, sums);
            }
        }
    }

    /// All outputs of one chunk for a packed panel, written to the sums or added.
    fn multiply(
        &self,
        tiles: &mut Tiles<'_, T>,
        matrix: &PackedMatrix<T>,
        rows: &[T],
        is_first: bool,
        sums: &mut [f32],
    ) {
        let kernel = self.kernel;
        let tile_rows = self.outputs.div_ceil(self.outputs.div_ceil(kernel.rows));
        for row in (0..self.outputs).step_by(tile_rows) {
            let count = tile_rows.min(self.outputs - row);
            let part = tiles.multiply(matrix, 0, (&rows[row * STRIDE..], STRIDE), count);
            let sums = &mut sums[row * kernel.columns..][..count * kernel.columns];
            if is_first {
                sums.copy_from_slice(part);
            } else {
                self.instructions.run(Add { sums, part });
            }
        }
    }

    /// The pixels from `first` on, a multiple of [`MOST_ROWS`], under one tap.
    #[inline(always)]
    fn addresses(&self, first: usize, tap: usize) -> &[Address<T>; MOST_ROWS] {
        let (blocks, _) = self.pointers.as_chunks::<MOST_ROWS>();
        &blocks[first / MOST_ROWS * self.taps + tap]
    }
}

impl<T: Element> Address<T> {
    /// `count` elements from `channel` on.
    ///
    /// # Safety
    /// They must lie within the channels of the pixel it was made for.
    #[inline(always)]
    unsafe fn channels(&self, channel: usize, count: usize) -> &[T] {
        // SAFETY: `Rows` promises all channels at every pointer.
        unsafe { std::slice::from_raw_parts(self.0.add(channel), count) }
    }
}

struct Add<'a> {
    sums: &'a mut [f32],
    part: &'a [f32],
}

impl Pass for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (sum, part) in self.sums.iter_mut().zip(self.part) {
            *sum += part;
        }
    }
}

struct PackPanel<'a, 'b, T> {
    work: &'a Work<'b, T>,
    columns: Range<usize>,
    pixels: Range<usize>,
    data: &'a mut [T],
}

impl<T: Element> Pass for PackPanel<'_, '_, T> {
    type Output = ();

    /// One run of channels of one tap after another.
    #[inline(always)]
    fn run(self) {
        let Self {
            work,
            columns,
            pixels,
            data,
        } = self;
        let group = work.kernel.group;
        let line = group * work.kernel.columns;
        // The last group, and what is padded, may be incomplete; columns that do not exist stay zero from the start.
        data[pixels.len() / group * line..].fill(T::default());
        let mut column = columns.start;
        while column < columns.end {
            let (tap, channel) = (column / work.channels, column % work.channels);
            let count = (work.channels - channel).min(columns.end - column);
            let at = (column - columns.start) * group;
            let blocks = data
                .chunks_mut(line * MOST_ROWS / group)
                .zip(pixels.clone().step_by(MOST_ROWS));
            for (block, first) in blocks {
                let addresses = &work.addresses(first, tap)[..MOST_ROWS.min(pixels.end - first)];
                for (line, pair) in block.chunks_mut(line).zip(addresses.chunks(group)) {
                    let to = &mut line[at..at + count * group];
                    // SAFETY: `count` channels from `channel` on are part of the tap's.
                    let even = unsafe { pair[0].channels(channel, count) };
                    match pair.get(1) {
                        // SAFETY: as above.
                        Some(odd) => interleave(to, even, unsafe { odd.channels(channel, count) }),
                        None if group == 1 => copy(to, even),
                        None => {
                            for (to, from) in to.iter_mut().step_by(group).zip(even) {
                                *to = *from;
                            }
                        }
                    }
                }
            }
            column += count;
        }
    }
}
