//! The channels of one head as a matrix of their own.

use super::{Attention, Tokens};
use crate::{Element, Instructions, instructions::Pass};

/// Copies one head of one sample, `count` tokens from `first`, to `[count, width]`, normalised if the attention says so.
pub(super) fn gather<T: Element, U: Element>(
    instructions: Instructions,
    attention: &Attention,
    tokens: Tokens<'_, T>,
    (from, count): (usize, usize),
    to: &mut Vec<U>,
) {
    to.clear();
    to.resize(count * attention.width, U::default());
    let from = &tokens.data[from..];
    instructions.run(Gather {
        attention,
        from,
        stride: tokens.stride,
        to,
    });
}

struct Gather<'a, T, U> {
    attention: &'a Attention,
    from: &'a [T],
    stride: usize,
    to: &'a mut [U],
}

impl<T: Element, U: Element> Pass for Gather<'_, T, U> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let width = self.attention.width;
        for (token, to) in self.to.chunks_exact_mut(width.max(1)).enumerate() {
            let from = &self.from[token * self.stride..][..width];
            let factor = match self.attention.normalise {
                Some(epsilon) => 1.0 / (epsilon + root_mean_square(from)),
                None => 1.0,
            };
            for (to, from) in to.iter_mut().zip(from) {
                *to = U::from_f32(from.to_f32() * factor);
            }
        }
    }
}

/// The gradient of one token of [`gather`]'s input from that of its output: with n = √mean x² and r = ε + n it is
/// g/r − x·⟨x, g⟩/(width·n·r²).
pub(super) fn scatter<T: Element>(
    instructions: Instructions,
    attention: &Attention,
    x: &[T],
    grad: &[f32],
    out: &mut [T],
) {
    let normalise = attention.normalise;
    instructions.run(Scatter {
        normalise,
        x,
        grad,
        out,
    });
}

struct Scatter<'a, T> {
    normalise: Option<f32>,
    x: &'a [T],
    grad: &'a [f32],
    out: &'a mut [T],
}

impl<T: Element> Pass for Scatter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            normalise,
            x,
            grad,
            out,
        } = self;
        let (along_grad, along_x) = match normalise {
            None => (1.0, 0.0),
            Some(epsilon) => {
                let n = root_mean_square(x);
                let r = epsilon + n;
                // Where x is zero so is its product with anything.
                let slope = if n > 0.0 {
                    dot(x, grad) / (x.len() as f32 * n * r * r)
                } else {
                    0.0
                };
                (1.0 / r, slope)
            }
        };
        for ((out, grad), x) in out.iter_mut().zip(grad).zip(x) {
            *out = T::from_f32(grad * along_grad - x.to_f32() * along_x);
        }
    }
}

/// Sums kept side by side, so that the loop is vector code with one order of addition.
const LANES: usize = 16;

#[inline(always)]
fn root_mean_square<T: Element>(x: &[T]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for chunk in x.chunks(LANES) {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x.to_f32() * x.to_f32();
        }
    }
    (total(sums) / x.len() as f32).sqrt()
}

#[inline(always)]
fn dot<T: Element>(x: &[T], grad: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (x, grad) in x.chunks(LANES).zip(grad.chunks(LANES)) {
        for ((sum, x), grad) in sums.iter_mut().zip(x).zip(grad) {
            *sum += x.to_f32() * grad;
        }
    }
    total(sums)
}

#[inline(always)]
fn total(sums: [f32; LANES]) -> f32 {
    let mut total = 0.0;
    for sum in sums {
        total += sum;
    }
    total
}
