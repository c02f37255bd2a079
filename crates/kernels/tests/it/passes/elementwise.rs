//! Activations.

use foil_kernels::passes::{Activation, activation, activation_backward};
use proptest::prelude::*;

use super::{MANY, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

pub fn value(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => x,
        Activation::MpSilu => twin::silu(x) / 0.596,
        Activation::Silu => twin::silu(x),
        Activation::Gelu => x * twin::normal_cdf(x),
        Activation::Relu => x.max(0.0),
    }
}

pub fn slope(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => 1.0,
        Activation::MpSilu => twin::silu_slope(x) / 0.596,
        Activation::Silu => twin::silu_slope(x),
        Activation::Gelu => twin::normal_cdf(x) + x * twin::normal_density(x),
        Activation::Relu => f64::from(u8::from(x > 0.0)),
    }
}

fn agrees<T: Stored>(length: usize, factor: f64) {
    let values: Vec<f64> = normal(length, 1).iter().map(|x| x * factor).collect();
    let (x, exact) = store::<T>(&values);
    let (gradient, exact_gradient) = store::<T>(&normal(length, 2));
    for function in Activation::ALL {
        let truth = Truth::new(exact.iter().map(|&x| value(function, x)).collect());
        check::forward(
            &format!("{function:?} {length}"),
            &truth,
            |i, out: &mut [T]| activation(i, function, &x, out),
        );
        let both = exact.iter().zip(&exact_gradient);
        let truth = Truth::new(both.map(|(&x, g)| slope(function, x) * g).collect());
        check::forward(
            &format!("{function:?} backward {length}"),
            &truth,
            |i, out: &mut [T]| {
                activation_backward(i, function, &x, &gradient, out);
            },
        );
    }
}

#[test]
fn agree_with_the_twin_over_all_lengths() {
    for length in (0..70).chain([100, 192, MANY]) {
        for_both!(agrees(length, 2.0));
    }
}

#[test]
fn backward_is_the_slope_of_the_twin() {
    let (x, exact) = store::<f32>(&normal(60, 3));
    let (gradient, exact_gradient) = store::<f32>(&normal(60, 4));
    for function in Activation::ALL {
        let all = |x: &[f64]| x.iter().map(|&x| value(function, x)).collect();
        let slopes = twin::differences(&exact, &exact_gradient, all);
        check::forward(
            &format!("{function:?}"),
            &Truth::new(slopes),
            |i, out: &mut [f32]| {
                activation_backward(i, function, &x, &gradient, out);
            },
        );
    }
}

#[test]
fn the_function_of_one_number_is_that_of_many() {
    let (x, _) = store::<f32>(&normal(50, 5));
    for function in Activation::ALL {
        let mut out = vec![0.0; 50];
        activation(foil_kernels::Instructions::best(), function, &x, &mut out);
        for (&x, out) in x.iter().zip(out) {
            assert_eq!(function.apply(x).to_bits(), out.to_bits());
            assert!(
                (f64::from(function.slope(x)) - slope(function, f64::from(x))).abs() < check::F32
            );
        }
    }
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agree_with_the_twin_anywhere(length in 0_usize..1000, factor in 0.0..3.0) {
        agrees::<f32>(length, factor);
    }
}
