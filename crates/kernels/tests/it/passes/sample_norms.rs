//! The norms over the pixels of a sample: group norm and response norm.

use foil_kernels::passes::{
    Activation, Gradients, GroupNorm, ResponseNorm, group_norm, group_norm_backward, response_norm,
    response_norm_backward,
};
use proptest::prelude::*;

use super::{CHANNELS, elementwise, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

const EPSILON: f32 = 1e-3;

/// Batch, pixels, channels and groups.
type Shape = [usize; 4];

/// Inputs, as stored and exactly.
struct Inputs<T> {
    x: (Vec<T>, Vec<f64>),
    gradient: (Vec<T>, Vec<f64>),
    scale: (Vec<f32>, Vec<f64>),
    shift: (Vec<f32>, Vec<f64>),
}

impl<T: Stored> Inputs<T> {
    fn new([batch, pixels, channels, _]: Shape, mean: f64) -> Self {
        let length = batch * pixels * channels;
        let values: Vec<f64> = normal(length, 1).iter().map(|x| x + mean).collect();
        Self {
            x: store(&values),
            gradient: store(&normal(length, 2)),
            scale: store(&normal(channels, 3)),
            shift: store(&normal(channels, 4)),
        }
    }

    fn group_norm(
        &self,
        [_, pixels, channels, groups]: Shape,
        activation: Activation,
    ) -> GroupNorm<'_> {
        let (scale, shift) = (&self.scale.0, &self.shift.0);
        GroupNorm {
            pixels,
            channels,
            groups,
            epsilon: EPSILON,
            scale,
            shift,
            activation,
        }
    }

    fn response_norm(&self, [_, pixels, channels, _]: Shape) -> ResponseNorm<'_> {
        ResponseNorm {
            pixels,
            channels,
            scale: &self.scale.0,
            shift: &self.shift.0,
        }
    }
}

fn group_twin(
    shape: Shape,
    activation: Activation,
    x: &[f64],
    scale: &[f64],
    shift: &[f64],
) -> Vec<f64> {
    let [_, pixels, channels, groups] = shape;
    let (x_hat, _) = twin::standardise(x, pixels, channels, groups, f64::from(EPSILON));
    let z = x_hat
        .iter()
        .enumerate()
        .map(|(i, x)| x * scale[i % channels] + shift[i % channels]);
    z.map(|z| elementwise::value(activation, z)).collect()
}

/// The gradients of x, and of scale and shift.
fn group_backward_slowly<T>(
    shape: Shape,
    activation: Activation,
    inputs: &Inputs<T>,
) -> [Truth; 2] {
    let [_, pixels, channels, groups] = shape;
    let (x, scale, shift) = (&inputs.x.1, &inputs.scale.1, &inputs.shift.1);
    let (x_hat, factors) = twin::standardise(x, pixels, channels, groups, f64::from(EPSILON));
    let members = channels / groups;
    let cell = |i: usize| i / (pixels * channels) * groups + i % channels / members;
    let mut means = vec![[0.0; 2]; x.len() + groups];
    let mut parameters = vec![0.0; 2 * channels];
    let (mut h, mut largest) = (Vec::new(), 0.0_f64);
    for i in 0..x.len() {
        let c = i % channels;
        let g =
            inputs.gradient.1[i] * elementwise::slope(activation, x_hat[i] * scale[c] + shift[c]);
        parameters[c] += g * x_hat[i];
        parameters[channels + c] += g;
        h.push(g * scale[c]);
        means[cell(i)][0] += g * scale[c] / (pixels * members) as f64;
        means[cell(i)][1] += g * scale[c] * x_hat[i] / (pixels * members) as f64;
        largest = largest.max((g * scale[c] * factors[i]).abs());
    }
    let out = (0..x.len())
        .map(|i| (h[i] - means[cell(i)][0] - x_hat[i] * means[cell(i)][1]) * factors[i]);
    let rows = (x.len() / channels) as f64;
    [
        Truth::at_least(out.collect(), largest),
        Truth::at_least(parameters, rows.sqrt()),
    ]
}

fn group_agrees<T: Stored>(shape: Shape, activation: Activation) {
    let inputs = Inputs::<T>::new(shape, 0.5);
    let norm = inputs.group_norm(shape, activation);
    let name = format!("group_norm {shape:?} {activation:?}");
    let truth = Truth::new(group_twin(
        shape,
        activation,
        &inputs.x.1,
        &inputs.scale.1,
        &inputs.shift.1,
    ));
    check::forward(&name, &truth, |i, out: &mut [T]| {
        group_norm(i, norm, &inputs.x.0, out);
    });
    let truth = group_backward_slowly(shape, activation, &inputs);
    check_group_backward(&name, &inputs, norm, &truth);
}

fn check_group_backward<T: Stored>(
    name: &str,
    inputs: &Inputs<T>,
    norm: GroupNorm<'_>,
    truth: &[Truth; 2],
) {
    check::backward(
        name,
        [&truth[0], &truth[1]],
        |i, out: &mut [T], both: &mut [f32]| {
            let (scale, shift) = both.split_at_mut(norm.channels);
            group_norm_backward(
                i,
                norm,
                &inputs.x.0,
                &inputs.gradient.0,
                Gradients {
                    x: out,
                    scale,
                    shift,
                },
            );
        },
    );
}

/// x · (scale · N) + shift + x differentiated: see the kernel's formulas, here term by term.
fn response_backward_slowly<T>(shape: Shape, inputs: &Inputs<T>) -> [Truth; 2] {
    let [batch, pixels, channels, _] = shape;
    let (x, g, scale) = (&inputs.x.1, &inputs.gradient.1, &inputs.scale.1);
    let mut out = vec![0.0; x.len()];
    let mut parameters = vec![0.0; 2 * channels];
    for n in 0..batch {
        let at = |p: usize, c: usize| (n * pixels + p) * channels + c;
        let sum = |c: usize, term: &dyn Fn(usize) -> f64| {
            (0..pixels).map(|p| term(at(p, c))).sum::<f64>()
        };
        let norms: Vec<f64> = (0..channels)
            .map(|c| sum(c, &|i| x[i] * x[i]).sqrt())
            .collect();
        let products: Vec<f64> = (0..channels).map(|c| sum(c, &|i| x[i] * g[i])).collect();
        let mean = norms.iter().sum::<f64>() / channels as f64 + 1e-6;
        let all: f64 = (0..channels)
            .map(|c| scale[c] * products[c] * norms[c])
            .sum();
        for c in 0..channels {
            parameters[c] += norms[c] / mean * products[c];
            parameters[channels + c] += sum(c, &|i| g[i]);
            let by_norm = scale[c] * products[c] / mean - all / (mean * mean * channels as f64);
            for p in 0..pixels {
                let i = at(p, c);
                let along = if norms[c] > 0.0 {
                    by_norm * x[i] / norms[c]
                } else {
                    0.0
                };
                out[i] = g[i] * (scale[c] * norms[c] / mean + 1.0) + along;
            }
        }
    }
    let rows = (x.len() / channels) as f64;
    [Truth::new(out), Truth::at_least(parameters, rows.sqrt())]
}

fn response_agrees<T: Stored>(shape: Shape) {
    let inputs = Inputs::<T>::new(shape, 0.1);
    let norm = inputs.response_norm(shape);
    let name = format!("response_norm {shape:?}");
    let truth = Truth::new(twin::response_norm(
        &inputs.x.1,
        shape[1],
        &inputs.scale.1,
        &inputs.shift.1,
    ));
    check::forward(&name, &truth, |i, out: &mut [T]| {
        response_norm(i, norm, &inputs.x.0, out);
    });
    check_response_backward(
        &name,
        &inputs,
        norm,
        &response_backward_slowly(shape, &inputs),
    );
}

fn check_response_backward<T: Stored>(
    name: &str,
    inputs: &Inputs<T>,
    norm: ResponseNorm<'_>,
    truth: &[Truth; 2],
) {
    check::backward(
        name,
        [&truth[0], &truth[1]],
        |i, out: &mut [T], both: &mut [f32]| {
            let (scale, shift) = both.split_at_mut(norm.channels);
            response_norm_backward(
                i,
                norm,
                &inputs.x.0,
                &inputs.gradient.0,
                Gradients {
                    x: out,
                    scale,
                    shift,
                },
            );
        },
    );
}

/// All, one and, where it divides, some.
fn groups_of(channels: usize) -> impl Iterator<Item = usize> {
    [1, 2, 5, channels]
        .into_iter()
        .filter(move |groups| channels.is_multiple_of(*groups))
}

#[test]
fn agree_with_the_twins_over_all_shapes() {
    for channels in CHANNELS {
        for [batch, pixels] in [[0, 4], [2, 0], [1, 1], [3, 7], [2, 300]] {
            for_both!(response_agrees([batch, pixels, channels, 1]));
            for groups in groups_of(channels) {
                for_both!(group_agrees(
                    [batch, pixels, channels, groups],
                    Activation::None
                ));
            }
        }
        for_both!(group_agrees([2, 9, channels, 1], Activation::Silu));
    }
    for activation in Activation::ALL {
        for_both!(group_agrees([1, 500, 192, 32], activation));
    }
    for_both!(group_agrees([2, 20_000, 2, 1], Activation::None));
    for_both!(response_agrees([2, 20_000, 2, 1]));
    for_both!(group_agrees([300, 2, 192, 6], Activation::Silu));
    for_both!(response_agrees([300, 2, 192, 1]));
}

#[test]
fn backwards_are_the_slopes_of_the_twins() {
    for shape in [[2, 3, 4, 2], [1, 5, 6, 1], [2, 2, 18, 3]] {
        let inputs = Inputs::<f32>::new(shape, 0.0);
        let (x, g) = (&inputs.x.1, &inputs.gradient.1);
        let (scale, shift) = (&inputs.scale.1, &inputs.shift.1);
        for activation in Activation::ALL {
            let by_x = twin::differences(x, g, |x| group_twin(shape, activation, x, scale, shift));
            let by_scale = twin::differences(scale, g, |scale| {
                group_twin(shape, activation, x, scale, shift)
            });
            let by_shift = twin::differences(shift, g, |shift| {
                group_twin(shape, activation, x, scale, shift)
            });
            let truth = [
                Truth::at_least(by_x, 1.0),
                Truth::at_least([by_scale, by_shift].concat(), 1.0),
            ];
            check_group_backward(
                "group_norm_backward",
                &inputs,
                inputs.group_norm(shape, activation),
                &truth,
            );
        }
        let by_x = twin::differences(x, g, |x| twin::response_norm(x, shape[1], scale, shift));
        let by_scale = twin::differences(scale, g, |scale| {
            twin::response_norm(x, shape[1], scale, shift)
        });
        let by_shift = twin::differences(shift, g, |shift| {
            twin::response_norm(x, shape[1], scale, shift)
        });
        let truth = [
            Truth::at_least(by_x, 1.0),
            Truth::at_least([by_scale, by_shift].concat(), 1.0),
        ];
        check_response_backward(
            "response_norm_backward",
            &inputs,
            inputs.response_norm(shape),
            &truth,
        );
    }
}

/// Where E[x²] − E[x]² in f32 would have no digit left.
#[test]
fn a_mean_far_from_zero_does_not_spoil_the_variance() {
    let shape = [1, 3000, 12, 3];
    let inputs = Inputs::<f32>::new(shape, 10_000.0);
    let truth = group_twin(
        shape,
        Activation::None,
        &inputs.x.1,
        &inputs.scale.1,
        &inputs.shift.1,
    );
    // The mean itself is rounded to f32, within 5e-4.
    let truth = Truth::at_least(truth, 200.0);
    let norm = inputs.group_norm(shape, Activation::None);
    check::forward("group_norm", &truth, |i, out: &mut [f32]| {
        group_norm(i, norm, &inputs.x.0, out);
    });
}

#[test]
fn a_channel_of_zeros_has_a_finite_gradient() {
    let shape = [1, 4, 3, 1];
    let mut inputs = Inputs::<f32>::new(shape, 0.0);
    for index in (1..12).step_by(3) {
        (inputs.x.0[index], inputs.x.1[index]) = (0.0, 0.0);
    }
    let truth = response_backward_slowly(shape, &inputs);
    check_response_backward(
        "response_norm_backward",
        &inputs,
        inputs.response_norm(shape),
        &truth,
    );
}

#[test]
#[should_panic(expected = "group_norm: 6 channels in 4 groups")]
fn groups_must_divide_the_channels() {
    let shape = [1, 1, 6, 4];
    let inputs = Inputs::<f32>::new(shape, 0.0);
    let norm = inputs.group_norm(shape, Activation::None);
    group_norm(
        foil_kernels::Instructions::best(),
        norm,
        &inputs.x.0,
        &mut [0.0; 6],
    );
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agree_with_the_twins_anywhere(batch in 0_usize..4, pixels in 0_usize..40, members in 1_usize..12, groups in 1_usize..9) {
        let shape = [batch, pixels, members * groups, groups];
        group_agrees::<f32>(shape, Activation::Silu);
        response_agrees::<f32>(shape);
    }
}
