//! Attention's weights: positive, with sum 1 in each row.

use super::pieces::{OneInput, TwoInputs, one_input, two_inputs};
use super::sums::{Term, dot, largest, sum};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::functions::exp;
use crate::instructions::Instructions;

/// y = exp(x − max x) / Σ exp(x − max x) over each row; `x` and `out`: `[..., columns]`. Entries of −∞ get weight 0; a row of
/// nothing else becomes NaN.
///
/// # Panics
/// If the lengths differ or are not a whole number of rows.
pub fn softmax<T: Element>(instructions: Instructions, columns: usize, x: &[T], out: &mut [T]) {
    check_rows("softmax", x.len(), columns);
    check_lengths("softmax", "out", out.len(), x.len());
    one_input(instructions, Softmax { columns }, [columns; 2], x, out);
}

/// dx = y (g − Σ g y), from the forward's output `y` and the gradient g with respect to it; all `[..., columns]`.
///
/// # Panics
/// If the lengths differ or are not a whole number of rows.
pub fn softmax_backward<T: Element>(
    instructions: Instructions,
    columns: usize,
    y: &[T],
    gradient: &[T],
    out: &mut [T],
) {
    check_rows("softmax_backward", y.len(), columns);
    check_lengths("softmax_backward", "gradient", gradient.len(), y.len());
    check_lengths("softmax_backward", "out", out.len(), y.len());
    two_inputs(
        instructions,
        Softmax { columns },
        [columns; 3],
        [y, gradient],
        out,
    );
}

#[derive(Clone, Copy)]
struct Softmax {
    columns: usize,
}

/// eˣ⁻ᵐ.
#[derive(Clone, Copy)]
struct ExpFrom(f32);

impl Term for ExpFrom {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        exp(x - self.0)
    }
}

impl OneInput for Softmax {
    /// The exponentials are taken twice: cheaper than a buffer, and `out` may be too coarse to hold them.
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        let rows = x
            .chunks_exact(self.columns)
            .zip(out.chunks_exact_mut(self.columns));
        for (x, out) in rows {
            let term = ExpFrom(largest(x));
            let factor = 1.0 / sum(term, x);
            for (x, out) in x.iter().zip(out) {
                *out = T::from_f32(term.of(x.to_f32()) * factor);
            }
        }
    }
}

impl TwoInputs for Softmax {
    #[inline(always)]
    fn run<T: Element>(self, y: &[T], gradient: &[T], out: &mut [T]) {
        let rows = y
            .chunks_exact(self.columns)
            .zip(gradient.chunks_exact(self.columns));
        for ((y, gradient), out) in rows.zip(out.chunks_exact_mut(self.columns)) {
            let mean = dot(y, gradient);
            for ((y, gradient), out) in y.iter().zip(gradient).zip(out) {
                *out = T::from_f32(y.to_f32() * (gradient.to_f32() - mean));
            }
        }
    }
}
