//! Attention's rows, masked entries included.

use foil_kernels::passes::{softmax, softmax_backward};
use proptest::prelude::*;

use super::{CHANNELS, MANY, PIXELS, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

fn agrees<T: Stored>(rows: usize, columns: usize, factor: f64) {
    let mut values: Vec<f64> = normal(rows * columns, 1)
        .iter()
        .map(|x| x * factor)
        .collect();
    // Masked, but never a whole row.
    for (index, value) in values.iter_mut().enumerate() {
        if index % 5 == 2 && index % columns != 0 {
            *value = f64::NEG_INFINITY;
        }
    }
    let (x, exact) = store::<T>(&values);
    let truth = Truth::new(twin::softmax(&exact, columns));
    check::forward(
        &format!("softmax {rows} x {columns}"),
        &truth,
        |i, out: &mut [T]| softmax(i, columns, &x, out),
    );
    let (y, exact) = store::<T>(&truth.values);
    let (gradient, exact_gradient) = store::<T>(&normal(rows * columns, 2));
    let truth = Truth::at_least(slowly(&exact, &exact_gradient, columns), truth.scale);
    check::forward(
        &format!("softmax_backward {rows} x {columns}"),
        &truth,
        |i, out: &mut [T]| {
            softmax_backward(i, columns, &y, &gradient, out);
        },
    );
}

fn slowly(y: &[f64], gradient: &[f64], columns: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for (y, gradient) in y.chunks(columns).zip(gradient.chunks(columns)) {
        let mean: f64 = y.iter().zip(gradient).map(|(y, g)| y * g).sum();
        out.extend(y.iter().zip(gradient).map(|(y, g)| y * (g - mean)));
    }
    out
}

#[test]
fn agrees_with_the_twin_over_all_widths() {
    for columns in CHANNELS {
        for rows in PIXELS {
            for_both!(agrees(rows, columns, 3.0));
        }
    }
    for_both!(agrees(MANY, 2, 3.0));
    for_both!(agrees(2, MANY, 3.0));
}

#[test]
fn backward_is_the_slope_of_the_twin() {
    for columns in [1, 3, 17, 40] {
        let exact = normal(3 * columns, 3);
        let (y, _) = store::<f32>(&twin::softmax(&exact, columns));
        let (gradient, exact_gradient) = store::<f32>(&normal(3 * columns, 4));
        let slopes = twin::differences(&exact, &exact_gradient, |x| twin::softmax(x, columns));
        check::forward(
            "softmax_backward",
            &Truth::at_least(slopes, 0.1),
            |i, out: &mut [f32]| {
                softmax_backward(i, columns, &y, &gradient, out);
            },
        );
    }
}

#[test]
fn large_entries_do_not_overflow() {
    for_both!(agrees(3, 50, 1e6));
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agrees_with_the_twin_anywhere(rows in 0_usize..40, columns in 1_usize..300, factor in 0.0..50.0) {
        agrees::<f32>(rows, columns, factor);
    }
}
