//! How passes are shared among threads: cut into pieces whose sizes depend on the shapes alone, never on the number of
//! threads, and what the pieces say is put together in their order.

use rayon::prelude::*;

use crate::element::Element;
use crate::instructions::{Instructions, Pass};

/// Elements in a piece, about: 128 KiB of f32, so that a second look finds it in the second-level cache.
pub(super) const PIECE: usize = 1 << 15;

/// Up to here waking a thread takes longer than the work.
const SERIAL: usize = 2 * PIECE;

/// A slice to be cut into pieces of `length`, the last perhaps shorter.
pub(super) struct Cut<'a, S> {
    pub(super) values: &'a mut [S],
    pub(super) length: usize,
}

/// Calls `work` with the number of each piece and the piece. A piece costs as much as reading `cost` elements.
pub(super) fn pieces<S: Send>(cost: usize, cut: Cut<'_, S>, work: impl Fn(usize, &mut [S]) + Sync) {
    let count = cut.values.len().div_ceil(cut.length);
    // Takes no memory.
    let mut nothing = vec![(); count];
    let nothing = Cut {
        values: &mut nothing,
        length: 1,
    };
    pieces_of_both(cost, cut, nothing, |index, piece, _| work(index, piece));
}

/// Calls `work` with the pieces of two slices side by side.
pub(super) fn pieces_of_both<S: Send, R: Send>(
    cost: usize,
    first: Cut<'_, S>,
    second: Cut<'_, R>,
    work: impl Fn(usize, &mut [S], &mut [R]) + Sync,
) {
    let Cut {
        values: first,
        length: first_length,
    } = first;
    let Cut {
        values: second,
        length: second_length,
    } = second;
    let count = first.len().div_ceil(first_length);
    if count <= 1 || count.saturating_mul(cost) <= SERIAL {
        let both = first
            .chunks_mut(first_length)
            .zip(second.chunks_mut(second_length));
        for (index, (first, second)) in both.enumerate() {
            work(index, first, second);
        }
        return;
    }
    let first = first.par_chunks_mut(first_length);
    let both = first.zip(second.par_chunks_mut(second_length)).enumerate();
    let both = both.with_min_len((PIECE / cost.max(1)).max(1));
    both.for_each(|(index, (first, second))| work(index, first, second));
}

/// How many rows of `length` elements make a piece.
pub(super) fn rows_in_piece(length: usize) -> usize {
    (PIECE / length.max(1)).max(1)
}

/// A loop over whole rows with one input. `run` must be `#[inline(always)]`.
pub(super) trait OneInput: Copy + Sync {
    fn run<T: Element>(self, x: &[T], out: &mut [T]);
}

/// A loop over whole rows with two inputs. `run` must be `#[inline(always)]`.
pub(super) trait TwoInputs: Copy + Sync {
    fn run<T: Element>(self, a: &[T], b: &[T], out: &mut [T]);
}

struct One<'a, T, O> {
    operation: O,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Element, O: OneInput> Pass for One<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.operation.run(self.x, self.out);
    }
}

struct Two<'a, T, O> {
    operation: O,
    a: &'a [T],
    b: &'a [T],
    out: &'a mut [T],
}

impl<T: Element, O: TwoInputs> Pass for Two<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.operation.run(self.a, self.b, self.out);
    }
}

/// Runs `operation` on all threads; `rows` says how many elements of `x` and of `out` belong to one row.
pub(super) fn one_input<T: Element>(
    instructions: Instructions,
    operation: impl OneInput,
    rows: [usize; 2],
    x: &[T],
    out: &mut [T],
) {
    let [x_row, out_row] = rows;
    let longest = x_row.max(out_row);
    let count = rows_in_piece(longest);
    let cut = Cut {
        values: out,
        length: count * out_row,
    };
    pieces(count * longest, cut, |index, out| {
        let x = &x[index * count * x_row..][..out.len() / out_row * x_row];
        instructions.run(One { operation, x, out });
    });
}

/// As [`one_input`]; `rows` are those of `a`, `b` and `out`.
pub(super) fn two_inputs<T: Element>(
    instructions: Instructions,
    operation: impl TwoInputs,
    rows: [usize; 3],
    [a, b]: [&[T]; 2],
    out: &mut [T],
) {
    let [a_row, b_row, out_row] = rows;
    let longest = a_row.max(b_row).max(out_row);
    let count = rows_in_piece(longest);
    let cut = Cut {
        values: out,
        length: count * out_row,
    };
    pieces(count * longest, cut, |index, out| {
        let found = out.len() / out_row;
        let a = &a[index * count * a_row..][..found * a_row];
        let b = &b[index * count * b_row..][..found * b_row];
        instructions.run(Two {
            operation,
            a,
            b,
            out,
        });
    });
}
