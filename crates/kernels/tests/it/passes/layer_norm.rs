//! With and without scale and shift.

use foil_kernels::passes::{Affine, Gradients, LayerNorm, layer_norm, layer_norm_backward};
use proptest::prelude::*;

use super::{CHANNELS, MANY, PIXELS, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

const EPSILON: f32 = 1e-3;

fn agrees<T: Stored>(pixels: usize, channels: usize, mean: f64) {
    let values: Vec<f64> = normal(pixels * channels, 1)
        .iter()
        .map(|x| x + mean)
        .collect();
    let (x, exact) = store::<T>(&values);
    let (gradient, exact_gradient) = store::<T>(&normal(pixels * channels, 2));
    let (scale, exact_scale) = store::<f32>(&normal(channels, 3));
    let (shift, exact_shift) = store::<f32>(&normal(channels, 4));
    let affine = Affine {
        scale: &scale,
        shift: &shift,
    };
    let (ones, zeros) = (vec![1.0; channels], vec![0.0; channels]);
    let cases = [
        (Some(affine), exact_scale, exact_shift),
        (None, ones, zeros),
    ];
    for (affine, exact_scale, exact_shift) in cases {
        let norm = LayerNorm {
            channels,
            epsilon: EPSILON,
            affine,
        };
        let name = format!(
            "layer_norm {pixels} x {channels}, mean {mean}, affine {}",
            affine.is_some()
        );
        let truth = twin::layer_norm(&exact, &exact_scale, &exact_shift, f64::from(EPSILON));
        // The error of subtracting the mean grows with it.
        let truth = Truth::at_least(truth, mean / 10.0);
        check::forward(&name, &truth, |i, out: &mut [T]| {
            layer_norm(i, norm, &x, out);
        });
        let truth = slowly(&exact, &exact_gradient, &exact_scale, mean);
        let parameters = if affine.is_some() { channels } else { 0 };
        let nothing = Truth::new(Vec::new());
        let truth = [
            &truth[0],
            if affine.is_some() {
                &truth[1]
            } else {
                &nothing
            },
        ];
        check::backward(&name, truth, |i, x_gradient: &mut [T], both: &mut [f32]| {
            let (scale, shift) = both.split_at_mut(parameters);
            layer_norm_backward(
                i,
                norm,
                &x,
                &gradient,
                Gradients {
                    x: x_gradient,
                    scale,
                    shift,
                },
            );
        });
    }
}

/// The gradients of x, and of scale and shift.
fn slowly(x: &[f64], gradient: &[f64], scale: &[f64], mean: f64) -> [Truth; 2] {
    let channels = scale.len();
    let (mut out, mut parameters, mut largest) = (Vec::new(), vec![0.0; 2 * channels], 0.0_f64);
    for (x, gradient) in x.chunks(channels).zip(gradient.chunks(channels)) {
        let (mean, variance) = twin::moments(x);
        let factor = 1.0 / (variance + f64::from(EPSILON)).sqrt();
        let x_hat: Vec<f64> = x.iter().map(|x| (x - mean) * factor).collect();
        let h: Vec<f64> = gradient.iter().zip(scale).map(|(g, s)| g * s).collect();
        let plain = h.iter().sum::<f64>() / channels as f64;
        let along = h.iter().zip(&x_hat).map(|(h, x)| h * x).sum::<f64>() / channels as f64;
        for c in 0..channels {
            out.push((h[c] - plain - x_hat[c] * along) * factor);
            largest = largest.max((h[c] * factor).abs());
            parameters[c] += gradient[c] * x_hat[c];
            parameters[channels + c] += gradient[c];
        }
    }
    let rows = (x.len() / channels) as f64;
    let lost = 1.0 + mean.abs();
    [
        Truth::at_least(out, largest * lost),
        Truth::at_least(parameters, rows.sqrt() * lost),
    ]
}

#[test]
fn agrees_with_the_twin_over_all_widths() {
    for channels in CHANNELS {
        for pixels in PIXELS {
            for_both!(agrees(pixels, channels, 0.5));
        }
    }
    for_both!(agrees(MANY, 2, 0.5));
    for_both!(agrees(2, MANY, 0.5));
}

#[test]
fn a_mean_far_from_zero_does_not_spoil_the_variance() {
    agrees::<f32>(20, 192, 1000.0);
}

#[test]
fn backward_is_the_slope_of_the_twin() {
    for channels in [2, 3, 17, 40] {
        let (x, exact) = store::<f32>(&normal(3 * channels, 5));
        let (gradient, exact_gradient) = store::<f32>(&normal(3 * channels, 6));
        let (scale, exact_scale) = store::<f32>(&normal(channels, 7));
        let shift = vec![0.0; channels];
        let exact_shift = vec![0.0; channels];
        let epsilon = f64::from(EPSILON);
        let by_x = twin::differences(&exact, &exact_gradient, |x| {
            twin::layer_norm(x, &exact_scale, &exact_shift, epsilon)
        });
        let by_scale = twin::differences(&exact_scale, &exact_gradient, |s| {
            twin::layer_norm(&exact, s, &exact_shift, epsilon)
        });
        let by_shift = twin::differences(&exact_shift, &exact_gradient, |s| {
            twin::layer_norm(&exact, &exact_scale, s, epsilon)
        });
        let scales = slowly(&exact, &exact_gradient, &exact_scale, 0.0).map(|truth| truth.scale);
        let truth = [
            Truth::at_least(by_x, scales[0]),
            Truth::at_least([by_scale, by_shift].concat(), scales[1]),
        ];
        let affine = Some(Affine {
            scale: &scale,
            shift: &shift,
        });
        let norm = LayerNorm {
            channels,
            epsilon: EPSILON,
            affine,
        };
        check::backward(
            "layer_norm_backward",
            [&truth[0], &truth[1]],
            |i, out: &mut [f32], both: &mut [f32]| {
                let (scale, shift) = both.split_at_mut(channels);
                layer_norm_backward(
                    i,
                    norm,
                    &x,
                    &gradient,
                    Gradients {
                        x: out,
                        scale,
                        shift,
                    },
                );
            },
        );
    }
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agrees_with_the_twin_anywhere(pixels in 0_usize..40, channels in 1_usize..300, mean in 0.0..30.0) {
        agrees::<f32>(pixels, channels, mean);
    }
}
