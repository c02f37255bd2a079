//! Rows of published weights, turned into the lines of a panel.
//!
//! A row `[depth][taps]` belongs to one column of a panel, and a line of the panel has one word of every column: a word is what a
//! microkernel multiplies together, one f32 or two bf16 of neighbouring depths. Rows are read along, since each lies in pages of its own, and
//! sixteen of them are turned at a time in the first-level cache: element by element it takes ten times as long.

#![allow(unsafe_code, reason = "words of elements")]

use crate::Element;

/// Rows turned together; columns of all panels are a multiple, or a half.
pub(crate) const COLUMNS: usize = 16;
/// One word of as many columns.
pub(crate) type Line = [u32; COLUMNS];
/// Words of a row that are turned together: sixteen groups of depths of a 3×3 kernel.
const WORDS: usize = 144;

/// Up to [`COLUMNS`] rows of a weight.
pub(crate) struct Rows<'a, T> {
    /// From the first of them.
    pub data: &'a [T],
    pub count: usize,
    /// From one to the next.
    pub stride: usize,
    pub depth: usize,
    pub taps: usize,
    /// Depths in a word.
    pub group: usize,
}

/// Room for what is turned together.
pub(crate) struct Turn {
    words: [[u32; WORDS]; COLUMNS],
    lines: [Line; WORDS],
}

impl Turn {
    /// The most taps that a row may have.
    pub const MOST_TAPS: usize = WORDS;

    /// To be used for any rows, one after the other.
    pub fn new() -> Self {
        Self {
            words: [[0; WORDS]; COLUMNS],
            lines: [[0; COLUMNS]; WORDS],
        }
    }

    /// Groups of depths whose lines are given together.
    pub fn groups(taps: usize) -> usize {
        WORDS / taps
    }

    /// Calls `take` with the first of some groups of depths and their lines, `[group][tap]`. Columns without a row are zeros, as is the odd
    /// depth of a word.
    pub fn each<T: Element>(&mut self, rows: &Rows<'_, T>, mut take: impl FnMut(usize, &[Line])) {
        let together = Self::groups(rows.taps) * rows.group;
        self.words[rows.count..].fill([0; WORDS]);
        for first in (0..rows.depth).step_by(together) {
            let depth = together.min(rows.depth - first);
            let count = depth.div_ceil(rows.group) * rows.taps;
            for (row, words) in self.words[..rows.count].iter_mut().enumerate() {
                let from = &rows.data[row * rows.stride + first * rows.taps..];
                gather(rows, &from[..depth * rows.taps], &mut words[..count]);
            }
            for start in (0..count).step_by(COLUMNS) {
                if let Some(lines) = self.lines[start..].first_chunk_mut() {
                    turn(&self.words, start, lines);
                }
            }
            take(first / rows.group, &self.lines[..count]);
        }
    }
}

/// A row's elements as words, `[group][tap]`.
fn gather<T: Element>(rows: &Rows<'_, T>, from: &[T], words: &mut [u32]) {
    match (rows.group, rows.taps) {
        (1, _) => {
            for (word, element) in words.iter_mut().zip(from) {
                *word = element.to_bits();
            }
        }
        (_, 1) => pairs::<T, 1>(from, words),
        (_, 9) => pairs::<T, 9>(from, words),
        (_, taps) => {
            for (words, pair) in words.chunks_mut(taps).zip(from.chunks(2 * taps)) {
                let (even, odd) = pair.split_at(taps);
                let odd = odd.iter().map(|odd| odd.to_bits() << 16);
                let odd = odd.chain(std::iter::repeat(0));
                for ((word, even), odd) in words.iter_mut().zip(even).zip(odd) {
                    *word = even.to_bits() | odd;
                }
            }
        }
    }
}

/// Two neighbouring depths a word; the number of taps is a constant for speed.
fn pairs<T: Element, const TAPS: usize>(from: &[T], words: &mut [u32]) {
    let (words, _) = words.as_chunks_mut::<TAPS>();
    let (depths, _) = from.as_chunks::<TAPS>();
    let (whole, rest) = depths.as_chunks::<2>();
    for (words, [even, odd]) in words.iter_mut().zip(whole) {
        for tap in 0..TAPS {
            words[tap] = even[tap].to_bits() | odd[tap].to_bits() << 16;
        }
    }
    if let (Some(words), Some(last)) = (words.last_mut(), rest.first()) {
        for (word, element) in words.iter_mut().zip(last) {
            *word = element.to_bits();
        }
    }
}

/// Some words of every row to a line each, in squares of four, which stay in registers.
fn turn(words: &[[u32; WORDS]; COLUMNS], start: usize, lines: &mut [Line; COLUMNS]) {
    const SIDE: usize = 4;
    assert!(start + COLUMNS <= WORDS, "words outside of a row");
    for (row, four) in words.as_chunks::<SIDE>().0.iter().enumerate() {
        for (column, lines) in lines.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
            for (index, line) in lines.iter_mut().enumerate() {
                for (member, words) in four.iter().enumerate() {
                    line[row * SIDE + member] = words[start + column * SIDE + index];
                }
            }
        }
    }
}

/// A line, or as much of it as there is room, to a panel.
#[inline(always)]
pub(crate) fn store<T: Element>(to: &mut [T], line: &Line) {
    const {
        assert!(
            cfg!(target_endian = "little"),
            "the first depth of a word is its lower half"
        );
    }
    let bytes = size_of_val(to);
    assert!(bytes <= size_of::<Line>(), "room for more than a line");
    let (from, to) = (line.as_ptr().cast::<u8>(), to.as_mut_ptr().cast::<u8>());
    // SAFETY: both have so many bytes, and any bits are a number. The whole line's length is a constant: a move, not a call.
    unsafe {
        if bytes == size_of::<Line>() {
            to.copy_from_nonoverlapping(from, size_of::<Line>());
        } else {
            to.copy_from_nonoverlapping(from, bytes);
        }
    }
}
