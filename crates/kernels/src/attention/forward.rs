//! Attention from queries, keys and values, block by block.

#![allow(unsafe_code, reason = "threads write disjoint parts")]

use rayon::prelude::*;

use super::{Attention, Tokens, heads::gather};
use crate::{
    Element, Instructions,
    functions::exp_not_above_one,
    instructions::Pass,
    product::{Microkernel, PackedMatrix, Shared, Tiles, Weights, copy},
};

/// Keys whose scores are held at a time; with 14 queries they take a third of the first-level cache.
const KEYS: usize = 256;
/// Queries of a task when there are fewer heads than would keep all threads busy.
const QUERIES: usize = 112;

/// softmax(QKᵀ/√width)·V: q `[batch, queries, heads · width]`, k and v `[batch, keys, heads · width]` to `out` as q, without gaps.
///
/// # Panics
/// If the lengths do not belong together, or there are queries without keys.
pub fn forward<T: Element>(
    instructions: Instructions,
    attention: &Attention,
    q: Tokens<'_, T>,
    k: Tokens<'_, T>,
    v: Tokens<'_, T>,
    out: &mut [T],
) {
    attention.check(q, k, v);
    let Attention {
        batch,
        queries,
        heads,
        width,
        ..
    } = *attention;
    assert_eq!(
        out.len(),
        batch * queries * heads * width,
        "output of {attention:?}"
    );
    if out.is_empty() {
        return;
    }
    let busy = batch * heads >= 2 * rayon::current_num_threads();
    let in_task = if busy { queries } else { QUERIES.min(queries) };
    let tasks = queries.div_ceil(in_task);
    let kernel = T::microkernel(instructions);
    let out = Shared::new(out);
    (0..batch * heads * tasks)
        .into_par_iter()
        .for_each(|index| {
            let (head, first) = (index / tasks, index % tasks * in_task);
            let place = Place {
                sample: head / heads,
                head: head % heads,
                first,
                count: in_task.min(queries - first),
            };
            head_of_sample(instructions, &kernel, attention, (q, k, v), place, out);
        });
}

/// Some queries of one head of one sample.
#[derive(Clone, Copy)]
struct Place {
    sample: usize,
    head: usize,
    first: usize,
    count: usize,
}

fn head_of_sample<T: Element>(
    instructions: Instructions,
    kernel: &Microkernel<T>,
    attention: &Attention,
    (q, k, v): (Tokens<'_, T>, Tokens<'_, T>, Tokens<'_, T>),
    place: Place,
    out: Shared<'_, T>,
) {
    let Attention {
        queries,
        keys,
        heads,
        width,
        ..
    } = *attention;
    let channel = place.head * width;
    let first = place.sample * queries + place.first;
    let [mut q_room, mut k_room, mut v_room] = [const { Vec::new() }; 3];
    let head = Head {
        instructions,
        attention,
        channel,
    };
    let from = place.sample * keys;
    let asking = head.of(q, (first, place.count), &mut q_room);
    let asked = head.of(k, (from, keys), &mut k_room);
    let given = head.of(v, (from, keys), &mut v_room);
    let blocks = (0..keys).step_by(KEYS).map(|start| {
        let count = KEYS.min(keys - start);
        let across = Weights {
            column_stride: asked.stride,
            ..weights(asked, start)
        };
        let along = Weights {
            depth_stride: given.stride,
            ..weights(given, start)
        };
        (
            PackedMatrix::pack_once(kernel, [width, count], &across),
            PackedMatrix::pack_once(kernel, [count, width], &along),
        )
    });
    let blocks: Vec<_> = blocks.collect();
    let mut tiles = Tiles::new(kernel);
    let mut state = State::new(kernel, width);
    for row in (0..place.count).step_by(kernel.rows()) {
        let count = kernel.rows().min(place.count - row);
        let asking = (&asking.data[row * asking.stride..], asking.stride);
        state.begin(count);
        for (scores, values) in &blocks {
            state.scores(instructions, &mut tiles, scores, asking, attention.scale());
            state.values(instructions, &mut tiles, values);
        }
        for index in 0..count {
            let token = first + row + index;
            // SAFETY: a token's channels of one head belong to one task, and each token is written once.
            let out = unsafe { out.part(token * heads * width + channel, width) };
            instructions.run(Finish {
                sums: state.line(index),
                total: state.totals[index],
                out,
            });
        }
    }
}

/// Where a head's tokens are read.
struct Head<'a> {
    instructions: Instructions,
    attention: &'a Attention,
    channel: usize,
}

impl Head<'_> {
    /// `count` tokens from `first`: where they are, or normalised in `room`.
    fn of<'a, T: Element>(
        &self,
        tokens: Tokens<'a, T>,
        (first, count): (usize, usize),
        room: &'a mut Vec<T>,
    ) -> Tokens<'a, T> {
        let from = first * tokens.stride + self.channel;
        if self.attention.normalise.is_none() {
            return Tokens {
                data: &tokens.data[from..],
                ..tokens
            };
        }
        gather(
            self.instructions,
            self.attention,
            tokens,
            (from, count),
            room,
        );
        Tokens {
            data: room,
            stride: self.attention.width,
        }
    }
}

/// Tokens from `start` as a second factor; one of the strides is the tokens'.
fn weights<T: Copy>(tokens: Tokens<'_, T>, start: usize) -> Weights<'_, T> {
    let data = &tokens.data[start * tokens.stride..];
    Weights {
        data,
        depth_stride: 1,
        column_stride: 1,
        taps: &[0],
    }
}

/// What a tile of queries has gathered so far.
struct State<T> {
    rows: usize,
    panel: usize,
    width: usize,
    /// `[rows, KEYS]`: scores of a block of keys, then e to their power.
    scores: Vec<f32>,
    /// The same in the precision of the values.
    weights: Vec<T>,
    largest: Vec<f32>,
    totals: Vec<f32>,
    /// By what the sums must be multiplied because a larger score appeared.
    factors: Vec<f32>,
    /// `[rows, padded width]`.
    sums: Vec<f32>,
}

/// Beyond the keys, so that rows do not share lines of the cache.
const STRIDE: usize = KEYS + 16;

impl<T: Element> State<T> {
    fn new(kernel: &Microkernel<T>, width: usize) -> Self {
        let (rows, panel) = (kernel.rows(), kernel.columns());
        Self {
            rows: 0,
            panel,
            width: width.next_multiple_of(panel),
            scores: vec![0.0; rows * STRIDE],
            weights: vec![T::default(); rows * STRIDE],
            largest: vec![0.0; rows],
            totals: vec![0.0; rows],
            factors: vec![0.0; rows],
            sums: vec![0.0; rows * width.next_multiple_of(panel)],
        }
    }

    fn begin(&mut self, rows: usize) {
        self.rows = rows;
        self.largest.fill(f32::NEG_INFINITY);
        self.totals.fill(0.0);
        self.sums.fill(0.0);
    }

    /// One row's sums.
    fn line(&self, row: usize) -> &[f32] {
        &self.sums[row * self.width..][..self.width]
    }

    fn scores(
        &mut self,
        instructions: Instructions,
        tiles: &mut Tiles<'_, T>,
        keys: &PackedMatrix<T>,
        asking: (&[T], usize),
        scale: f32,
    ) {
        for panel in 0..keys.panels() {
            let sums = tiles.multiply(keys, panel, asking, self.rows);
            for (row, sums) in sums.chunks_exact(self.panel).enumerate() {
                let at = row * STRIDE + panel * self.panel;
                copy(&mut self.scores[at..at + self.panel], sums);
            }
        }
        instructions.run(Softmax {
            state: self,
            keys: keys.columns,
            scale,
        });
    }

    fn values(
        &mut self,
        instructions: Instructions,
        tiles: &mut Tiles<'_, T>,
        values: &PackedMatrix<T>,
    ) {
        for panel in 0..values.panels() {
            let sums = tiles.multiply(values, panel, (&self.weights, STRIDE), self.rows);
            let (stride, panel_width) = (self.width, self.panel);
            let into = &mut self.sums[panel * panel_width..];
            instructions.run(Add {
                sums,
                into,
                stride,
                panel_width,
                factors: &self.factors[..self.rows],
            });
        }
    }
}

/// Turns a block's scores into weights: e to the power of their distance from the largest so far.
struct Softmax<'a, T> {
    state: &'a mut State<T>,
    keys: usize,
    scale: f32,
}

const LANES: usize = 16;

impl<T: Element> Pass for Softmax<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { state, keys, scale } = self;
        let padded = keys.next_multiple_of(LANES);
        for row in 0..state.rows {
            let scores = &mut state.scores[row * STRIDE..][..padded];
            scores[keys..].fill(f32::NEG_INFINITY);
            let (scores, _) = scores.as_chunks_mut::<LANES>();
            let (weights, _) = state.weights[row * STRIDE..][..padded].as_chunks_mut::<LANES>();
            // All of them infinite and negative would be NaN otherwise; a NaN among them is kept by the sum.
            let largest = state.largest[row]
                .max(largest(scores) * scale)
                .max(f32::MIN);
            let mut totals = [0.0_f32; LANES];
            for (weights, scores) in weights.iter_mut().zip(scores) {
                for lane in 0..LANES {
                    let weight = exp_not_above_one(scores[lane] * scale - largest);
                    totals[lane] += weight;
                    weights[lane] = T::from_f32(weight);
                }
            }
            let mut total = 0.0;
            for lane in totals {
                total += lane;
            }
            let factor = exp_not_above_one(state.largest[row] - largest);
            state.factors[row] = factor;
            state.totals[row] = state.totals[row] * factor + total;
            state.largest[row] = largest;
        }
    }
}

#[inline(always)]
fn largest(scores: &[[f32; LANES]]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    for scores in scores {
        for lane in 0..LANES {
            most[lane] = if scores[lane] > most[lane] {
                scores[lane]
            } else {
                most[lane]
            };
        }
    }
    let mut result = f32::NEG_INFINITY;
    for lane in most {
        result = if lane > result { lane } else { result };
    }
    result
}

struct Add<'a> {
    sums: &'a [f32],
    into: &'a mut [f32],
    stride: usize,
    panel_width: usize,
    factors: &'a [f32],
}

impl Pass for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (row, factor) in self.factors.iter().enumerate() {
            let sums = &self.sums[row * self.panel_width..][..self.panel_width];
            let into = &mut self.into[row * self.stride..][..self.panel_width];
            for (into, sum) in into.iter_mut().zip(sums) {
                *into = *into * factor + sum;
            }
        }
    }
}

struct Finish<'a, T> {
    sums: &'a [f32],
    total: f32,
    out: &'a mut [T],
}

impl<T: Element> Pass for Finish<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let factor = 1.0 / self.total;
        for (out, sum) in self.out.iter_mut().zip(self.sums) {
            *out = T::from_f32(sum * factor);
        }
    }
}
