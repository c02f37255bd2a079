//! Gradients of attention: the weights are computed again for a block of queries at a time, from which five products follow.
//!
//! With P = softmax(S), S = QKᵀ/√width and dO the output's gradient: dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P∘(dP − rowsum(P∘dP)), dQ = dS·K/√width,
//! dK = dSᵀ·Q/√width. All in f32, whatever the tokens are stored as.

#![allow(unsafe_code, reason = "threads write disjoint parts")]

use rayon::prelude::*;

use super::{
    Attention, Tokens,
    heads::{gather, scatter},
};
use crate::{
    Element, Instructions,
    functions::exp_not_above_one,
    instructions::Pass,
    product::{Microkernel, PackedMatrix, Shared, Tiles, Weights},
};

/// Queries taken at a time.
const QUERIES: usize = 64;

/// Where gradients go, without gaps between tokens.
#[derive(Debug)]
pub struct Gradients<'a, T> {
    /// `[batch, queries, heads · width]`.
    pub q: &'a mut [T],
    /// `[batch, keys, heads · width]`.
    pub k: &'a mut [T],
    /// `[batch, keys, heads · width]`.
    pub v: &'a mut [T],
}

/// The gradients of q, k and v from that of the output, `grad` `[batch, queries, heads · width]`.
///
/// # Panics
/// If the lengths do not belong together, or there are queries without keys.
pub fn backward<T: Element>(
    instructions: Instructions,
    attention: &Attention,
    [q, k, v]: [Tokens<'_, T>; 3],
    grad: &[T],
    out: &mut Gradients<'_, T>,
) {
    attention.check(q, k, v);
    let Attention {
        batch,
        queries,
        keys,
        heads,
        width,
        ..
    } = *attention;
    let channels = heads * width;
    for (name, length, tokens) in [
        ("output's gradient", grad.len(), queries),
        ("gradient of q", out.q.len(), queries),
        ("gradient of k", out.k.len(), keys),
        ("gradient of v", out.v.len(), keys),
    ] {
        assert_eq!(length, batch * tokens * channels, "{name} of {attention:?}");
    }
    if grad.is_empty() {
        out.k.fill(T::default());
        return out.v.fill(T::default());
    }
    let outs = [&mut *out.q, &mut *out.k, &mut *out.v].map(Shared::new);
    (0..batch * heads).into_par_iter().for_each(|index| {
        let (sample, channel) = (index / heads, index % heads * width);
        let plain = Attention {
            normalise: None,
            ..*attention
        };
        let [mut hq, mut hk, mut hv, mut hg] = [const { Vec::<f32>::new() }; 4];
        let from = |tokens: Tokens<'_, T>, count: usize| sample * count * tokens.stride + channel;
        gather(
            instructions,
            attention,
            q,
            (from(q, queries), queries),
            &mut hq,
        );
        gather(instructions, attention, k, (from(k, keys), keys), &mut hk);
        gather(instructions, attention, v, (from(v, keys), keys), &mut hv);
        let grad = Tokens {
            data: grad,
            stride: channels,
        };
        gather(
            instructions,
            &plain,
            grad,
            (from(grad, queries), queries),
            &mut hg,
        );
        let head = Head {
            instructions,
            attention,
            q: &hq,
            k: &hk,
            v: &hv,
            grad: &hg,
        };
        let gradients = head.gradients();
        for (((tokens, count), out), gradient) in [(q, queries), (k, keys), (v, keys)]
            .into_iter()
            .zip(outs)
            .zip(&gradients)
        {
            for token in 0..count {
                let at = (sample * count + token) * channels + channel;
                // SAFETY: the channels of one head of one sample belong to one task.
                let out = unsafe { out.part(at, width) };
                let x = &tokens.data[from(tokens, count) + token * tokens.stride..][..width];
                let gradient = &gradient[token * width..][..width];
                scatter(instructions, attention, x, gradient, out);
            }
        }
    });
}

/// One head of one sample, all `[tokens, width]` in f32.
struct Head<'a> {
    instructions: Instructions,
    attention: &'a Attention,
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    grad: &'a [f32],
}

impl Head<'_> {
    /// Of q, k and v.
    fn gradients(&self) -> [Vec<f32>; 3] {
        let Attention {
            queries,
            keys,
            width,
            ..
        } = *self.attention;
        let kernel = Microkernel::f32(self.instructions);
        let mut tiles = Tiles::new(&kernel);
        let (k_turned, v_turned) = (
            matrix(&kernel, self.k, width, true),
            matrix(&kernel, self.v, width, true),
        );
        let k = matrix(&kernel, self.k, width, false);
        let mut dq = vec![0.0; queries * width];
        let [mut dk, mut dv] = [const { Vec::new() }; 2].map(|_: Vec<f32>| vec![0.0; keys * width]);
        let scale = self.attention.scale();
        for first in (0..queries).step_by(QUERIES) {
            let count = QUERIES.min(queries - first);
            let range = first * width..(first + count) * width;
            let (q, grad) = (&self.q[range.clone()], &self.grad[range.clone()]);
            let mut weights = vec![0.0; count * keys];
            let mut slopes = vec![0.0; count * keys];
            multiply(&mut tiles, &kernel, (q, width), &k_turned, &mut weights);
            multiply(&mut tiles, &kernel, (grad, width), &v_turned, &mut slopes);
            self.instructions.run(Softmax {
                weights: &mut weights,
                slopes: &mut slopes,
                keys,
                scale,
            });
            multiply(&mut tiles, &kernel, (&slopes, keys), &k, &mut dq[range]);
            let (q, grad) = (
                matrix(&kernel, q, width, false),
                matrix(&kernel, grad, width, false),
            );
            multiply(
                &mut tiles,
                &kernel,
                (&turned(&slopes, keys), count),
                &q,
                &mut dk,
            );
            multiply(
                &mut tiles,
                &kernel,
                (&turned(&weights, keys), count),
                &grad,
                &mut dv,
            );
        }
        [dq, dk, dv]
    }
}

/// `[tokens, width]` as a second factor: turned, its columns are tokens, otherwise channels.
fn matrix(
    kernel: &Microkernel<f32>,
    data: &[f32],
    width: usize,
    turned: bool,
) -> PackedMatrix<f32> {
    let tokens = data.len() / width.max(1);
    let (size, depth_stride, column_stride) = if turned {
        ([width, tokens], 1, width)
    } else {
        ([tokens, width], width, 1)
    };
    let weights = Weights {
        data,
        depth_stride,
        column_stride,
        taps: &[0],
    };
    PackedMatrix::pack_once(kernel, size, &weights)
}

/// out += a · matrix, where `out` is `[rows of a, columns of the matrix]`.
fn multiply(
    tiles: &mut Tiles<'_, f32>,
    kernel: &Microkernel<f32>,
    (a, stride): (&[f32], usize),
    matrix: &PackedMatrix<f32>,
    out: &mut [f32],
) {
    let columns = matrix.columns;
    for (block, out) in out.chunks_mut((kernel.rows() * columns).max(1)).enumerate() {
        let count = out.len() / columns;
        let a = (&a[block * kernel.rows() * stride..], stride);
        for panel in 0..matrix.panels() {
            let sums = tiles.multiply(matrix, panel, a, count);
            let first = panel * kernel.columns();
            let width = kernel.columns().min(columns - first);
            for (out, sums) in out
                .chunks_exact_mut(columns)
                .zip(sums.chunks_exact(kernel.columns()))
            {
                for (out, sum) in out[first..first + width].iter_mut().zip(sums) {
                    *out += sum;
                }
            }
        }
    }
}

/// `[rows, columns]` to `[columns, rows]`.
fn turned(data: &[f32], columns: usize) -> Vec<f32> {
    let rows = data.len() / columns.max(1);
    let mut turned = vec![0.0; data.len()];
    for (row, line) in data.chunks_exact(columns.max(1)).enumerate() {
        for (column, value) in line.iter().enumerate() {
            turned[column * rows + row] = *value;
        }
    }
    turned
}

/// Scores and dP become P and dS/√width.
struct Softmax<'a> {
    weights: &'a mut [f32],
    slopes: &'a mut [f32],
    keys: usize,
    scale: f32,
}

impl Pass for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let lines = self
            .weights
            .chunks_exact_mut(self.keys)
            .zip(self.slopes.chunks_exact_mut(self.keys));
        for (weights, slopes) in lines {
            let mut largest = f32::MIN;
            for score in weights.iter() {
                largest = if *score > largest { *score } else { largest };
            }
            let mut total = 0.0;
            for weight in weights.iter_mut() {
                *weight = exp_not_above_one((*weight - largest) * self.scale);
            }
            for weight in weights.iter() {
                total += *weight;
            }
            let mut mean = 0.0;
            for (weight, slope) in weights.iter_mut().zip(slopes.iter()) {
                *weight /= total;
                mean += *weight * slope;
            }
            for (weight, slope) in weights.iter().zip(slopes) {
                *slope = weight * (*slope - mean) * self.scale;
            }
        }
    }
}
