//! Also the row-wise driver with one and two inputs.

use foil_kernels::passes::{PixelNorm, pixel_norm, pixel_norm_backward, unit_row};
use proptest::prelude::*;

use super::{CHANNELS, MANY, PIXELS, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

fn agrees<T: Stored>(pixels: usize, channels: usize, factor: f64) {
    let norm = PixelNorm::new(channels);
    let values: Vec<f64> = normal(pixels * channels, 1)
        .iter()
        .map(|x| x * factor)
        .collect();
    let (x, exact) = store::<T>(&values);
    let truth = Truth::new(twin::pixel_norm(&exact, channels, f64::from(norm.epsilon)));
    check::forward(
        &format!("pixel_norm {pixels} x {channels}"),
        &truth,
        |i, out: &mut [T]| {
            pixel_norm(i, norm, &x, out);
        },
    );
    let (gradient, exact_gradient) = store::<T>(&normal(pixels * channels, 2));
    let truth = slowly(&exact, &exact_gradient, channels, f64::from(norm.epsilon));
    check::forward(
        &format!("pixel_norm_backward {pixels} x {channels}"),
        &truth,
        |i, out: &mut [T]| {
            pixel_norm_backward(i, norm, &x, &gradient, out);
        },
    );
}

/// n = ε + r: dx = g/n − x (g·x) / (n² r channels).
fn slowly(x: &[f64], gradient: &[f64], channels: usize, epsilon: f64) -> Truth {
    let (mut out, mut scale) = (Vec::new(), 0.0_f64);
    for (x, gradient) in x.chunks(channels).zip(gradient.chunks(channels)) {
        let r = (x.iter().map(|x| x * x).sum::<f64>() / channels as f64).sqrt();
        let n = epsilon + r;
        let dot: f64 = x.iter().zip(gradient).map(|(x, g)| x * g).sum();
        for (x, g) in x.iter().zip(gradient) {
            scale = scale.max((g / n).abs());
            out.push(
                g / n
                    - if r > 0.0 {
                        x * dot / (n * n * r * channels as f64)
                    } else {
                        0.0
                    },
            );
        }
    }
    Truth::at_least(out, scale)
}

#[test]
fn agrees_with_the_twin_over_all_widths() {
    for channels in CHANNELS {
        for pixels in PIXELS {
            for_both!(agrees(pixels, channels, 1.0));
        }
    }
    for_both!(agrees(MANY, 3, 1.0));
    for_both!(agrees(3, MANY, 1.0));
}

#[test]
fn backward_is_the_slope_of_the_twin() {
    for channels in [1, 3, 17, 40] {
        let (x, exact) = store::<f32>(&normal(3 * channels, 3));
        let (gradient, exact_gradient) = store::<f32>(&normal(3 * channels, 4));
        let norm = PixelNorm {
            channels,
            epsilon: 0.1,
        };
        let epsilon = f64::from(norm.epsilon);
        let slopes = twin::differences(&exact, &exact_gradient, |x| {
            twin::pixel_norm(x, channels, epsilon)
        });
        let scale = slowly(&exact, &exact_gradient, channels, epsilon).scale;
        check::forward(
            "pixel_norm_backward",
            &Truth::at_least(slopes, scale),
            |i, out: &mut [f32]| {
                pixel_norm_backward(i, norm, &x, &gradient, out);
            },
        );
    }
}

#[test]
fn zeros_stay_zeros_and_their_gradient_is_finite() {
    for_both!(agrees(3, 33, 0.0));
}

#[test]
#[should_panic(expected = "pixel_norm: out has 7 elements instead of 8")]
fn a_wrong_length_is_named() {
    let instructions = foil_kernels::Instructions::best();
    pixel_norm(instructions, PixelNorm::new(4), &[0.0; 8], &mut [0.0; 7]);
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agrees_with_the_twin_anywhere(pixels in 0_usize..40, channels in 1_usize..300, exponent in -6_i32..7) {
        agrees::<f32>(pixels, channels, 10.0_f64.powi(exponent));
    }
}

fn row_agrees<T: Stored>(length: usize) {
    const SCALE: f64 = 0.37;
    let (x, exact) = store::<f32>(&normal(length, 3));
    let epsilon = f64::from(PixelNorm::EPSILON);
    let unit = twin::pixel_norm(&exact, length, epsilon);
    let truth = Truth::new(unit.iter().map(|y| y * SCALE).collect());
    let name = format!("unit_row {length}");
    check::forward(&name, &truth, |i, out: &mut [T]| {
        let factor = unit_row(i, [PixelNorm::EPSILON, SCALE as f32], &x, out);
        let expected = truth.values[0] / exact[0];
        assert!((f64::from(factor) / expected - 1.0).abs() < 1e-6);
    });
}

#[test]
fn a_row_of_weights_agrees_with_the_twin_over_all_lengths() {
    for length in CHANNELS {
        row_agrees::<f32>(length);
        row_agrees::<foil_kernels::bf16>(length);
    }
}
