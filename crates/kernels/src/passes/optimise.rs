//! What happens to the weights after each step: Adam, and the moving average that is sampled from. One loop each, because a
//! step over all weights is limited by memory alone.

use rayon::prelude::*;

use super::check_lengths;
use super::pieces::{Cut, PIECE, pieces};
use crate::instructions::{Instructions, Pass};

/// Kingma & Ba 2015, as `torch.optim.Adam` has it. f64, because 1 − β loses most of its digits in f32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Of this step: schedules are the caller's.
    pub learning_rate: f64,
    /// β₁ and β₂, how much of the moments is kept.
    pub betas: [f64; 2],
    /// Added to the root of the corrected second moment.
    pub epsilon: f64,
}

/// What a step changes, all of one length.
#[derive(Debug)]
pub struct AdamState<'a> {
    /// The weights.
    pub weights: &'a mut [f32],
    /// The mean of the gradient.
    pub first: &'a mut [f32],
    /// The mean of its square.
    pub second: &'a mut [f32],
}

/// m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; w ← w − η m̂ / (√v̂ + ε), with m̂ = m/(1−β₁ˢ), v̂ = v/(1−β₂ˢ). The first `step`
/// s is 1.
///
/// # Panics
/// If the lengths differ or `step` is 0.
pub fn adam(
    instructions: Instructions,
    adam: Adam,
    step: u64,
    state: AdamState<'_>,
    gradient: &[f32],
) {
    let AdamState {
        weights,
        first,
        second,
    } = state;
    let length = weights.len();
    check_lengths("adam", "first", first.len(), length);
    check_lengths("adam", "second", second.len(), length);
    check_lengths("adam", "gradient", gradient.len(), length);
    assert!(
        step > 0,
        "adam: step {step} is before the first, which is 1"
    );
    let coefficients = Coefficients::new(adam, step);
    let weights = weights.par_chunks_mut(PIECE);
    let moments = first
        .par_chunks_mut(PIECE)
        .zip(second.par_chunks_mut(PIECE));
    let all = weights.zip(moments).zip(gradient.par_chunks(PIECE));
    // Few pieces are worth no thread.
    let all = all.with_min_len(if length <= 2 * PIECE { 2 } else { 1 });
    all.for_each(|((weights, (first, second)), gradient)| {
        let state = AdamState {
            weights,
            first,
            second,
        };
        instructions.run(Step {
            coefficients,
            state,
            gradient,
        });
    });
}

/// average ← average + (1−β)(weights − average).
///
/// # Panics
/// If the lengths differ.
pub fn moving_average(instructions: Instructions, beta: f64, weights: &[f32], average: &mut [f32]) {
    check_lengths("moving_average", "average", average.len(), weights.len());
    let rate = (1.0 - beta) as f32;
    let cut = Cut {
        values: average,
        length: PIECE,
    };
    pieces(PIECE, cut, |index, average| {
        let weights = &weights[index * PIECE..][..average.len()];
        instructions.run(Follow {
            rate,
            weights,
            average,
        });
    });
}

#[derive(Clone, Copy)]
struct Coefficients {
    keep: [f32; 2],
    take: [f32; 2],
    /// η / (1 − β₁ˢ).
    rate: f32,
    /// 1 / √(1 − β₂ˢ).
    correction: f32,
    epsilon: f32,
}

impl Coefficients {
    fn new(adam: Adam, step: u64) -> Self {
        let [first, second] = adam.betas;
        let unseen = [first.powf(step as f64), second.powf(step as f64)];
        Self {
            keep: [first as f32, second as f32],
            take: [(1.0 - first) as f32, (1.0 - second) as f32],
            rate: (adam.learning_rate / (1.0 - unseen[0])) as f32,
            correction: (1.0 / (1.0 - unseen[1]).sqrt()) as f32,
            epsilon: adam.epsilon as f32,
        }
    }
}

struct Step<'a> {
    coefficients: Coefficients,
    state: AdamState<'a>,
    gradient: &'a [f32],
}

impl Pass for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let AdamState {
            weights,
            first,
            second,
        } = self.state;
        step(self.coefficients, weights, [first, second], self.gradient);
    }
}

#[inline(always)]
fn step(
    with: Coefficients,
    weights: &mut [f32],
    [first, second]: [&mut [f32]; 2],
    gradient: &[f32],
) {
    let moments = first.iter_mut().zip(second);
    for ((weight, (first, second)), &gradient) in weights.iter_mut().zip(moments).zip(gradient) {
        *first = *first * with.keep[0] + gradient * with.take[0];
        *second = *second * with.keep[1] + gradient * gradient * with.take[1];
        *weight -= with.rate * *first / (second.sqrt() * with.correction + with.epsilon);
    }
}

struct Follow<'a> {
    rate: f32,
    weights: &'a [f32],
    average: &'a mut [f32],
}

impl Pass for Follow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (weight, average) in self.weights.iter().zip(self.average) {
            *average += self.rate * (weight - *average);
        }
    }
}
