//! What holds for every operation of traced values.

use candle_core::{DType, Tensor};
use foil_tensor::traced::{Traced, gradients};

use super::{
    case::{Case, weights},
    table,
};
use crate::case::{Tolerance, assert_close, largest, numbers};

/// Sums of some dozens of terms of unlike sign, in `f32`.
const SINGLE: Tolerance = Tolerance {
    of_number: 0.0,
    of_largest: 1e-5,
};
/// One rounding to 8 bits of what was computed in `f32`.
const ROUNDED: Tolerance = Tolerance {
    of_number: 1.0 / 256.0,
    of_largest: 1e-5,
};
/// Attention may round its probabilities to 8 bits too, and the gradient of a mixed product is rounded before it goes on.
const ROUNDED_WITHIN: Tolerance = Tolerance {
    of_number: 1.0 / 256.0,
    of_largest: 1.0 / 128.0,
};

fn tolerance(case: &Case, dtype: DType) -> Tolerance {
    let within = ["attention", "mixed"];
    match dtype {
        DType::F32 => SINGLE,
        _ if within.iter().any(|part| case.name.contains(part)) => ROUNDED_WITHIN,
        _ => ROUNDED,
    }
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    for case in table::all() {
        let truth = case.truth();
        for dtype in [DType::F32, DType::BF16] {
            let found = case.found(&case.inputs(dtype), dtype);
            let (what, tolerance) = (format!("{}, {dtype:?}", case.name), tolerance(&case, dtype));
            assert_close(&found.value, &truth.value, tolerance, &what);
            let both = found.gradients.iter().zip(&truth.gradients);
            for (index, (found, truth)) in both.enumerate() {
                let tolerance = if case.unrounded.contains(&index) {
                    SINGLE
                } else {
                    tolerance
                };
                let what = format!("{what}, gradient {index}");
                assert_close(found, truth, tolerance, &what);
            }
        }
    }
}

#[test]
fn every_gradient_says_something_and_limits_hold_some_numbers_but_not_all() {
    for case in table::all() {
        let truth = case.truth();
        for gradient in &truth.gradients {
            assert!(largest(&numbers(gradient)) > 1e-3, "{}", case.name);
        }
        if case.name.contains("limited") {
            let values = numbers(&truth.value);
            let held = values.iter().filter(|value| value.abs() >= table::CLIP);
            let held = held.count();
            let some = values.len() / 20..values.len() / 2;
            assert!(
                some.contains(&held),
                "{}: {held} of {}",
                case.name,
                values.len()
            );
        }
    }
}

#[test]
fn an_input_that_is_constant_has_no_gradient_and_changes_no_other() {
    for case in table::all() {
        for dtype in [DType::F32, DType::BF16] {
            let tensors = case.inputs(dtype);
            let all = case.found(&tensors, dtype);
            for constant in 0..tensors.len() {
                let traced = tensors.iter().cloned().enumerate().map(|(index, tensor)| {
                    if index == constant {
                        Traced::constant(tensor)
                    } else {
                        Traced::variable(tensor)
                    }
                });
                let traced: Vec<Traced> = traced.collect();
                let value = (case.traced)(&traced, dtype).unwrap();
                let weights = weights(value.value(), DType::F32);
                let mut found = gradients(&[(value, weights)]).unwrap();
                for (index, (input, wanted)) in traced.iter().zip(&all.gradients).enumerate() {
                    let found = found.take(input);
                    let wanted = (index != constant)
                        .then(|| wanted.flatten_all().unwrap().to_vec1::<f32>().unwrap());
                    assert_eq!(found, wanted, "{}, gradient {index}", case.name);
                }
            }
        }
    }
}

#[test]
fn parts_of_larger_tensors_are_as_good_as_tensors() {
    for case in table::all() {
        for dtype in [DType::F32, DType::BF16] {
            let inputs = case.inputs(dtype);
            let plain = case.found(&inputs, dtype);
            let inside: Vec<Tensor> = inputs.iter().map(inside_a_larger_one).collect();
            let found = case.found(&inside, dtype);
            let what = format!("{}, {dtype:?}", case.name);
            assert_eq!(numbers(&found.value), numbers(&plain.value), "{what}");
            for (found, plain) in found.gradients.iter().zip(&plain.gradients) {
                assert_eq!(numbers(found), numbers(plain), "{what}");
            }
        }
    }
}

/// The same numbers between others, before and after them in the last dimension.
fn inside_a_larger_one(tensor: &Tensor) -> Tensor {
    let Some(last) = tensor.rank().checked_sub(1) else {
        return tensor.clone();
    };
    let other = (tensor + 7.0).unwrap();
    let larger = Tensor::cat(&[&other, tensor, &other], last).unwrap();
    let length = tensor.dims()[last];
    larger.narrow(last, length, length).unwrap()
}
