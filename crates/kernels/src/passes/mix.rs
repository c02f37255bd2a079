//! Magnitude-preserving ways to bring two tensors together, and how a gradient parts again.
//! Karras et al. 2024, Eqs. 88 and 103.

use super::pieces::{Cut, PIECE, TwoInputs, pieces_of_both, rows_in_piece, two_inputs};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::instructions::{Instructions, Pass};

/// `out` = ((1−t) a + t b) / √((1−t)² + t²), all of one shape. Eq. 88.
///
/// # Panics
/// If the lengths differ.
pub fn mp_sum<T: Element>(instructions: Instructions, t: f64, a: &[T], b: &[T], out: &mut [T]) {
    check_lengths("mp_sum", "b", b.len(), a.len());
    check_lengths("mp_sum", "out", out.len(), a.len());
    two_inputs(
        instructions,
        WeightedSum(sum_weights(t)),
        [1, 1, 1],
        [a, b],
        out,
    );
}

/// The gradients with respect to `a` and `b`, all of one shape.
///
/// # Panics
/// If the lengths differ.
pub fn mp_sum_backward<T: Element>(
    instructions: Instructions,
    t: f64,
    gradient: &[T],
    a_gradient: &mut [T],
    b_gradient: &mut [T],
) {
    check_lengths(
        "mp_sum_backward",
        "a_gradient",
        a_gradient.len(),
        gradient.len(),
    );
    check_lengths(
        "mp_sum_backward",
        "b_gradient",
        b_gradient.len(),
        gradient.len(),
    );
    let [a_weight, b_weight] = sum_weights(t);
    let a = Cut {
        values: a_gradient,
        length: PIECE,
    };
    let b = Cut {
        values: b_gradient,
        length: PIECE,
    };
    pieces_of_both(2 * PIECE, a, b, |index, a, b| {
        let gradient = &gradient[index * PIECE..][..a.len()];
        instructions.run(Scale {
            weight: a_weight,
            x: gradient,
            out: a,
        });
        instructions.run(Scale {
            weight: b_weight,
            x: gradient,
            out: b,
        });
    });
}

fn sum_weights(t: f64) -> [f32; 2] {
    let norm = (1.0 - t).hypot(t);
    [((1.0 - t) / norm) as f32, (t / norm) as f32]
}

/// Concatenation of channels, weighted so that both parts contribute to what follows as 1−t : t whatever their widths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MpCat {
    /// Nₐ.
    pub a_channels: usize,
    /// N_b.
    pub b_channels: usize,
    /// The second's share; ½ is even.
    pub t: f64,
}

impl MpCat {
    /// C(1−t)/√Nₐ and C t/√N_b with C = √((Nₐ+N_b) / ((1−t)² + t²)).
    fn weights(self) -> [f32; 2] {
        let [a, b] = [self.a_channels as f64, self.b_channels as f64];
        let c = (a + b).sqrt() / (1.0 - self.t).hypot(self.t);
        [
            (c * (1.0 - self.t) / a.sqrt()) as f32,
            (c * self.t / b.sqrt()) as f32,
        ]
    }

    #[track_caller]
    fn check(self, pass: &str, lengths: [usize; 3]) {
        let [a, b, both] = lengths;
        check_rows(pass, a, self.a_channels);
        check_rows(pass, b, self.b_channels);
        let pixels = a / self.a_channels;
        check_lengths(pass, "b", b, pixels * self.b_channels);
        check_lengths(
            pass,
            "both",
            both,
            pixels * (self.a_channels + self.b_channels),
        );
    }
}

/// `a`: `[..., a_channels]`, `b`: `[..., b_channels]`, `out`: `[..., a_channels + b_channels]`. Eq. 103.
///
/// # Panics
/// If the lengths do not fit each other.
pub fn mp_cat<T: Element>(instructions: Instructions, cat: MpCat, a: &[T], b: &[T], out: &mut [T]) {
    cat.check("mp_cat", [a.len(), b.len(), out.len()]);
    let rows = [
        cat.a_channels,
        cat.b_channels,
        cat.a_channels + cat.b_channels,
    ];
    let operation = WeightedCat {
        rows: [cat.a_channels, cat.b_channels],
        weights: cat.weights(),
    };
    two_inputs(instructions, operation, rows, [a, b], out);
}

/// The gradients with respect to `a` and `b`, shaped as those.
///
/// # Panics
/// If the lengths do not fit each other.
pub fn mp_cat_backward<T: Element>(
    instructions: Instructions,
    cat: MpCat,
    gradient: &[T],
    a_gradient: &mut [T],
    b_gradient: &mut [T],
) {
    cat.check(
        "mp_cat_backward",
        [a_gradient.len(), b_gradient.len(), gradient.len()],
    );
    let [a_row, b_row] = [cat.a_channels, cat.b_channels];
    let row = a_row + b_row;
    let rows = rows_in_piece(row);
    let a = Cut {
        values: a_gradient,
        length: rows * a_row,
    };
    let b = Cut {
        values: b_gradient,
        length: rows * b_row,
    };
    pieces_of_both(rows * row, a, b, |index, a, b| {
        let gradient = &gradient[index * rows * row..][..a.len() / a_row * row];
        instructions.run(Parting {
            row_lengths: [a_row, b_row],
            weights: cat.weights(),
            gradient,
            parts: [a, b],
        });
    });
}

#[derive(Clone, Copy)]
struct WeightedSum([f32; 2]);

impl TwoInputs for WeightedSum {
    #[inline(always)]
    fn run<T: Element>(self, a: &[T], b: &[T], out: &mut [T]) {
        for ((a, b), out) in a.iter().zip(b).zip(out) {
            *out = T::from_f32(a.to_f32() * self.0[0] + b.to_f32() * self.0[1]);
        }
    }
}

#[derive(Clone, Copy)]
struct WeightedCat {
    rows: [usize; 2],
    weights: [f32; 2],
}

impl TwoInputs for WeightedCat {
    #[inline(always)]
    fn run<T: Element>(self, a: &[T], b: &[T], out: &mut [T]) {
        let [a_row, b_row] = self.rows;
        let rows = a.chunks_exact(a_row).zip(b.chunks_exact(b_row));
        for ((a, b), out) in rows.zip(out.chunks_exact_mut(a_row + b_row)) {
            let (out_a, out_b) = out.split_at_mut(a_row);
            scale(self.weights[0], a, out_a);
            scale(self.weights[1], b, out_b);
        }
    }
}

/// `out` = weight · x.
#[inline(always)]
pub(super) fn scale<T: Element>(weight: f32, x: &[T], out: &mut [T]) {
    for (x, out) in x.iter().zip(out) {
        *out = T::from_f32(x.to_f32() * weight);
    }
}

struct Scale<'a, T> {
    weight: f32,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Element> Pass for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        scale(self.weight, self.x, self.out);
    }
}

struct Parting<'a, T> {
    row_lengths: [usize; 2],
    weights: [f32; 2],
    gradient: &'a [T],
    parts: [&'a mut [T]; 2],
}

impl<T: Element> Pass for Parting<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [a_row, b_row] = self.row_lengths;
        let [a, b] = self.parts;
        let parts = a.chunks_exact_mut(a_row).zip(b.chunks_exact_mut(b_row));
        for (gradient, (a, b)) in self.gradient.chunks_exact(a_row + b_row).zip(parts) {
            scale(self.weights[0], &gradient[..a_row], a);
            scale(self.weights[1], &gradient[a_row..], b);
        }
    }
}
