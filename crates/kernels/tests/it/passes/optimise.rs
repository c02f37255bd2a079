//! Adam and the moving average.

use foil_kernels::passes::{Adam, AdamState, adam, moving_average};
use proptest::prelude::*;

use super::MANY;
use crate::check::{self, Truth, normal, store};

const ADAM: Adam = Adam {
    learning_rate: 1e-2,
    betas: [0.9, 0.99],
    epsilon: 1e-8,
};

/// Three steps; the outputs are the weights, then both moments.
fn adam_agrees(length: usize) {
    let (start, exact_start) = store::<f32>(&normal(length, 1));
    let gradients: Vec<_> = (0..3)
        .map(|step| store::<f32>(&normal(length, 2 + step)))
        .collect();
    let mut w = exact_start;
    let (mut m, mut v) = (vec![0.0; length], vec![0.0; length]);
    for (step, (_, gradient)) in gradients.iter().enumerate() {
        let power = step as i32 + 1;
        for i in 0..length {
            m[i] = 0.9 * m[i] + 0.1 * gradient[i];
            v[i] = 0.99 * v[i] + 0.01 * gradient[i] * gradient[i];
            let m_hat = m[i] / (1.0 - 0.9_f64.powi(power));
            let v_hat = v[i] / (1.0 - 0.99_f64.powi(power));
            w[i] -= 1e-2 * m_hat / (v_hat.sqrt() + 1e-8);
        }
    }
    let truth = [Truth::new(w), Truth::new([m, v].concat())];
    check::backward(
        "adam",
        [&truth[0], &truth[1]],
        |i, weights: &mut [f32], moments: &mut [f32]| {
            weights.copy_from_slice(&start);
            moments.fill(0.0);
            let (first, second) = moments.split_at_mut(length);
            for (step, (gradient, _)) in (1..).zip(&gradients) {
                let state = AdamState {
                    weights: &mut *weights,
                    first: &mut *first,
                    second: &mut *second,
                };
                adam(i, ADAM, step, state, gradient);
            }
        },
    );
}

fn average_agrees(length: usize, beta: f64) {
    let (weights, exact_weights) = store::<f32>(&normal(length, 1));
    let (start, exact_start) = store::<f32>(&normal(length, 2));
    let both = exact_start.iter().zip(&exact_weights);
    let truth = Truth::new(
        both.map(|(average, w)| average + (1.0 - beta) * (w - average))
            .collect(),
    );
    check::forward("moving_average", &truth, |i, average: &mut [f32]| {
        average.copy_from_slice(&start);
        moving_average(i, beta, &weights, average);
    });
}

#[test]
fn agree_with_the_twin_over_all_lengths() {
    for length in (0..70).chain([100, 192, MANY]) {
        adam_agrees(length);
        average_agrees(length, 0.999);
    }
}

#[test]
fn the_first_step_has_the_length_of_the_learning_rate_whatever_the_gradient() {
    let (mut w, mut m, mut v) = ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0]);
    let state = AdamState {
        weights: &mut w,
        first: &mut m,
        second: &mut v,
    };
    adam(
        foil_kernels::Instructions::best(),
        ADAM,
        1,
        state,
        &[1e-4, -1e4],
    );
    assert!(
        (w[0] + 1e-2).abs() < 1e-5 && (w[1] - 1e-2).abs() < 1e-5,
        "{w:?}"
    );
}

#[test]
fn a_very_slow_average_still_moves() {
    // 1 − β in f32 would be off by a third here.
    let mut average = [0.0_f32];
    moving_average(
        foil_kernels::Instructions::best(),
        1.0 - 1e-7,
        &[1.0],
        &mut average,
    );
    assert!((average[0] - 1e-7).abs() < 1e-12, "{average:?}");
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agree_with_the_twin_anywhere(length in 0_usize..1000, beta in 0.0..1.0) {
        adam_agrees(length);
        average_agrees(length, beta);
    }
}
