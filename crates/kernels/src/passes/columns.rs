//! Sums over the pixels of a `[pixels, channels]` sample, one for each channel: what the norms over pixels and the gradients
//! of scales and shifts are made of. Pieces are summed in f32, at most [`MOST_ROWS`] pixels each; the pieces' sums in f64.

use super::pieces::{Cut, pieces, rows_in_piece};
use crate::element::Element;
use crate::instructions::{Instructions, Pass};

/// So that few channels make no long sums in f32.
const MOST_ROWS: usize = 1024;

/// Where a backward writes; what was there is lost.
#[derive(Debug)]
pub struct Gradients<'a, T> {
    /// With respect to the input, shaped as that.
    pub x: &'a mut [T],
    /// With respect to the scale: `[channels]`, or nothing where there is none.
    pub scale: &'a mut [f32],
    /// With respect to the shift, likewise.
    pub shift: &'a mut [f32],
}

impl<T> Gradients<'_, T> {
    #[track_caller]
    pub(super) fn check(&self, pass: &str, x: usize, channels: usize) {
        super::check_lengths(pass, "the gradient of x", self.x.len(), x);
        super::check_lengths(
            pass,
            "the gradient of the scale",
            self.scale.len(),
            channels,
        );
        super::check_lengths(
            pass,
            "the gradient of the shift",
            self.shift.len(),
            channels,
        );
    }
}

/// What is summed over the rows of a piece. `run` must be `#[inline(always)]`.
pub(super) trait ColumnSums: Copy + Sync {
    /// How many sums each channel has.
    const COUNT: usize;

    /// Fills `sums`, `[COUNT, channels]` and zero before, from two tensors `[rows, channels]`.
    fn run<T: Element>(self, a: &[T], b: &[T], sums: &mut [f32]);
}

struct Columns<'a, T, O> {
    operation: O,
    a: &'a [T],
    b: &'a [T],
    sums: &'a mut [f32],
}

impl<T: Element, O: ColumnSums> Pass for Columns<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.operation.run(self.a, self.b, self.sums);
    }
}

/// How many rows each piece but the last has.
pub(super) fn rows_in_sum(channels: usize) -> usize {
    rows_in_piece(channels).min(MOST_ROWS)
}

/// The sums of each piece: `[pieces, COUNT, channels]`. An operation that has one input gets it twice.
pub(super) fn column_sums<T: Element, O: ColumnSums>(
    instructions: Instructions,
    operation: O,
    channels: usize,
    [a, b]: [&[T]; 2],
) -> Vec<f32> {
    let piece = rows_in_sum(channels) * channels;
    let length = O::COUNT * channels;
    let mut sums = vec![0.0; a.len().div_ceil(piece) * length];
    pieces(
        piece,
        Cut {
            values: &mut sums,
            length,
        },
        |index, sums| {
            let start = index * piece;
            let end = a.len().min(start + piece);
            let (a, b) = (&a[start..end], &b[start..end]);
            instructions.run(Columns {
                operation,
                a,
                b,
                sums,
            });
        },
    );
    sums
}

/// Adds up parts of `length` numbers each.
pub(super) fn total<S: Copy + Into<f64>>(parts: &[S], length: usize) -> Vec<f64> {
    let mut total = vec![0.0; length];
    for part in parts.chunks_exact(length) {
        for (total, &part) in total.iter_mut().zip(part) {
            *total += part.into();
        }
    }
    total
}

/// Rounds a total `[2, channels]` to the gradients of scale and shift.
pub(super) fn store_parameters<T>(total: &[f64], gradients: &mut Gradients<'_, T>) {
    let (scale, shift) = total.split_at(total.len() / 2);
    for (gradient, &total) in gradients.scale.iter_mut().zip(scale) {
        *gradient = total as f32;
    }
    for (gradient, &total) in gradients.shift.iter_mut().zip(shift) {
        *gradient = total as f32;
    }
}
