//! What stands between the two convolutions of EDM2's residual block: channels scaled by the embedding, then mp_silu; and how
//! the gradient of a mix with a limit parts. Karras et al. 2024, Figure 21.

use rayon::prelude::*;

use super::activation::{Function, MpSilu};
use super::pieces::{Cut, PIECE, pieces, pieces_of_both};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::instructions::{Instructions, Pass};

/// mp_silu(x · (1 + shift)), where each sample has its own shift for each channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Modulate {
    /// Elements of a sample.
    pub sample: usize,
    /// Elements of a row of it.
    pub channels: usize,
}

impl Modulate {
    #[track_caller]
    fn check(self, pass: &str, x: usize, shift: usize) {
        check_rows(pass, self.sample, self.channels);
        check_rows(pass, x, self.sample);
        check_lengths(pass, "shift", shift, x / self.sample * self.channels);
    }

    /// Rows that are taken together: whole ones, and about a piece.
    fn rows(self) -> usize {
        (PIECE / self.channels).clamp(1, self.sample / self.channels)
    }
}

/// `x` and `out`: `[batch, …, channels]`, `shift`: `[batch, channels]`.
///
/// # Panics
/// If the lengths do not fit each other.
pub fn modulate<T: Element>(
    instructions: Instructions,
    with: Modulate,
    x: &[T],
    shift: &[f32],
    out: &mut [T],
) {
    with.check("modulate", x.len(), shift.len());
    check_lengths("modulate", "out", out.len(), x.len());
    let samples = out
        .par_chunks_mut(with.sample)
        .zip(x.par_chunks(with.sample))
        .zip(shift.par_chunks(with.channels));
    samples.for_each(|((out, x), shift)| instructions.run(Forward { x, shift, out }));
}

/// The gradients with respect to `x` (`out`) and to the shift (`sums`), shaped as those.
///
/// # Panics
/// If the lengths do not fit each other.
pub fn modulate_backward<T: Element>(
    instructions: Instructions,
    with: Modulate,
    [x, gradient]: [&[T]; 2],
    shift: &[f32],
    (out, sums): (&mut [T], &mut [f32]),
) {
    with.check("modulate_backward", x.len(), shift.len());
    check_lengths("modulate_backward", "gradient", gradient.len(), x.len());
    check_lengths("modulate_backward", "out", out.len(), x.len());
    check_lengths("modulate_backward", "sums", sums.len(), shift.len());
    let inputs = x
        .par_chunks(with.sample)
        .zip(gradient.par_chunks(with.sample))
        .zip(shift.par_chunks(with.channels));
    let outputs = out
        .par_chunks_mut(with.sample)
        .zip(sums.par_chunks_mut(with.channels));
    inputs
        .zip(outputs)
        .for_each(|(((x, gradient), shift), (out, sums))| {
            sums.fill(0.0);
            let piece = with.rows() * with.channels;
            let mut part = vec![0.0; with.channels];
            let pieces = x.chunks(piece).zip(gradient.chunks(piece));
            for ((x, gradient), out) in pieces.zip(out.chunks_mut(piece)) {
                part.fill(0.0);
                instructions.run(Backward {
                    inputs: [x, gradient],
                    shift,
                    out,
                    sums: &mut part,
                });
                for (sum, part) in sums.iter_mut().zip(&part) {
                    *sum += part;
                }
            }
        });
}

struct Forward<'a, T> {
    x: &'a [T],
    shift: &'a [f32],
    out: &'a mut [T],
}

impl<T: Element> Pass for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.shift.len();
        let rows = self.x.chunks_exact(channels);
        for (x, out) in rows.zip(self.out.chunks_exact_mut(channels)) {
            for ((x, shift), out) in x.iter().zip(self.shift).zip(out) {
                *out = T::from_f32(MpSilu.apply(x.to_f32() * (1.0 + shift)));
            }
        }
    }
}

struct Backward<'a, T> {
    inputs: [&'a [T]; 2],
    shift: &'a [f32],
    out: &'a mut [T],
    sums: &'a mut [f32],
}

impl<T: Element> Pass for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.shift.len();
        let [x, gradient] = self.inputs;
        let rows = x
            .chunks_exact(channels)
            .zip(gradient.chunks_exact(channels));
        for ((x, gradient), out) in rows.zip(self.out.chunks_exact_mut(channels)) {
            let inputs = x.iter().zip(gradient).zip(self.shift);
            let outputs = out.iter_mut().zip(self.sums.iter_mut());
            for (((x, gradient), shift), (out, sum)) in inputs.zip(outputs) {
                let (x, scale) = (x.to_f32(), 1.0 + shift);
                let inner = gradient.to_f32() * MpSilu.slope(x * scale);
                *out = T::from_f32(inner * scale);
                *sum += inner * x;
            }
        }
    }
}

/// `weights[0]` · a + `weights[1]` · b, limited to −clip … clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitedMix {
    /// Of the two.
    pub weights: [f32; 2],
    /// The limit; infinite is none.
    pub clip: f32,
}

/// The gradients with respect to `a` and `b`, from the mix's result and the gradient with respect to it; all of one shape. Where
/// the result is at the limit they are 0.
///
/// # Panics
/// If the lengths differ.
pub fn limited_mix_backward<T: Element>(
    instructions: Instructions,
    mix: LimitedMix,
    [result, gradient]: [&[T]; 2],
    [a, b]: [&mut [T]; 2],
) {
    for (name, length) in [("result", result.len()), ("a", a.len()), ("b", b.len())] {
        check_lengths("limited_mix_backward", name, length, gradient.len());
    }
    let [a, b] = [a, b].map(|values| Cut {
        values,
        length: PIECE,
    });
    pieces_of_both(2 * PIECE, a, b, |index, a, b| {
        let range = index * PIECE..index * PIECE + a.len();
        instructions.run(Parts {
            mix,
            inputs: [&result[range.clone()], &gradient[range]],
            outputs: [a, b],
        });
    });
}

struct Parts<'a, T> {
    mix: LimitedMix,
    inputs: [&'a [T]; 2],
    outputs: [&'a mut [T]; 2],
}

impl<T: Element> Pass for Parts<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let LimitedMix {
            weights: [first, second],
            clip,
        } = self.mix;
        // As the result is stored: in bf16 a limit may be rounded to less than itself.
        let clip = T::from_f32(clip).to_f32();
        let ([result, gradient], [a, b]) = (self.inputs, self.outputs);
        let outputs = a.iter_mut().zip(b);
        for ((result, gradient), (a, b)) in result.iter().zip(gradient).zip(outputs) {
            let gradient = gradient.to_f32();
            let passed = if result.to_f32().abs() < clip {
                gradient
            } else {
                0.0
            };
            *a = T::from_f32(passed * first);
            *b = T::from_f32(passed * second);
        }
    }
}

/// `sum` += `part`: gradients of one tensor that was used twice.
///
/// # Panics
/// If the lengths differ.
pub fn accumulate<T: Element>(instructions: Instructions, sum: &mut [T], part: &[T]) {
    check_lengths("accumulate", "part", part.len(), sum.len());
    let cut = Cut {
        values: sum,
        length: PIECE,
    };
    pieces(PIECE, cut, |index, sum| {
        let part = &part[index * PIECE..][..sum.len()];
        instructions.run(Add { sum, part });
    });
}

struct Add<'a, T> {
    sum: &'a mut [T],
    part: &'a [T],
}

impl<T: Element> Pass for Add<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (sum, part) in self.sum.iter_mut().zip(self.part) {
            *sum = T::from_f32(sum.to_f32() + part.to_f32());
        }
    }
}
