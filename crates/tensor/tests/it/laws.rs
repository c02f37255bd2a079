//! What holds for every operation: the truth is the composed definition in `f64`, whose gradients finite differences judge.

use candle_core::{DType, Tensor, Var};
use foil_tensor::attention;

use crate::{
    case::{Case, Tolerance, assert_close, largest, loss, numbers, random},
    large, table,
};

/// Sums of a few hundred terms of unlike sign, in `f32`.
const SINGLE: Tolerance = Tolerance {
    of_number: 0.0,
    of_largest: 1e-5,
};
/// One rounding to 8 bits of what was computed in `f32`.
const ROUNDED: Tolerance = Tolerance {
    of_number: 1.0 / 256.0,
    of_largest: 1e-5,
};
/// Attention may round its probabilities to 8 bits too, and softmax has its gradient from its rounded result.
const ROUNDED_WITHIN: Tolerance = Tolerance {
    of_number: 1.0 / 256.0,
    of_largest: 1.0 / 128.0,
};

fn tolerance(case: &Case, dtype: DType) -> Tolerance {
    match dtype {
        DType::F32 => SINGLE,
        _ if ["attention", "softmax"]
            .iter()
            .any(|part| case.name.contains(part)) =>
        {
            ROUNDED_WITHIN
        }
        _ => ROUNDED,
    }
}

#[test]
fn both_ways_give_the_value_and_the_gradients_of_the_definition() {
    for case in table::all().into_iter().chain(large::all()) {
        let truth = case.outcome(case.composed, DType::F64);
        for (way, function) in [("composed", case.composed), ("fast", case.fast)] {
            for dtype in [DType::F32, DType::BF16] {
                let what = format!("{}, {way}, {dtype:?}", case.name);
                let tolerance = tolerance(&case, dtype);
                let outcome = case.outcome(function, dtype);
                assert_close(&outcome.value, &truth.value, tolerance, &what);
                let both = outcome.gradients.iter().zip(&truth.gradients);
                for (index, (found, truth)) in both.enumerate() {
                    let what = format!("{what}, gradient {index}");
                    assert_eq!(found.dtype(), dtype, "{what}");
                    assert_close(found, truth, tolerance, &what);
                }
            }
        }
    }
}

#[test]
fn the_fast_way_is_one_node_of_the_graph_and_none_without_variables() {
    for case in table::all() {
        for dtype in [DType::F32, DType::BF16] {
            let inputs = case.inputs(dtype);
            let variables: Vec<Var> = inputs
                .iter()
                .map(|input| Var::from_tensor(input).unwrap())
                .collect();
            let tensors: Vec<Tensor> = variables
                .iter()
                .map(|one| one.as_tensor().clone())
                .collect();
            let nodes = (case.fast)(&tensors).unwrap().sorted_nodes().len();
            assert_eq!(nodes, 1 + inputs.len(), "{}, {dtype:?}", case.name);
            assert!(
                !(case.fast)(&inputs).unwrap().track_op(),
                "{}, {dtype:?}",
                case.name
            );
        }
    }
}

#[test]
fn every_operation_changes_its_input_and_every_gradient_says_something() {
    for case in table::all() {
        let truth = case.outcome(case.composed, DType::F64);
        let input = &case.inputs(DType::F64)[0];
        assert_ne!(numbers(&truth.value), numbers(input), "{}", case.name);
        assert!(largest(&numbers(&truth.value)) > 1e-2, "{}", case.name);
        for gradient in &truth.gradients {
            assert!(largest(&numbers(gradient)) > 1e-3, "{}", case.name);
        }
    }
}

#[test]
fn gradients_of_the_definition_are_its_finite_differences() {
    /// Central differences in `f64` with this step are right to about its square.
    const STEP: f64 = 1e-4;
    const DIFFERENCES: Tolerance = Tolerance {
        of_number: 0.0,
        of_largest: 1e-6,
    };
    for case in table::all() {
        let truth = case.outcome(case.composed, DType::F64);
        let inputs = case.inputs(DType::F64);
        for (index, gradient) in truth.gradients.iter().enumerate() {
            let loss_at = |values: Vec<f64>| -> f64 {
                let mut inputs = inputs.clone();
                let device = inputs[index].device().clone();
                inputs[index] = Tensor::from_vec(values, inputs[index].dims(), &device).unwrap();
                loss(&(case.composed)(&inputs).unwrap())
                    .to_scalar()
                    .unwrap()
            };
            let values = numbers(&inputs[index]);
            let step = (values.len() / 40).max(1);
            // All elements of small inputs, about forty of large ones.
            for element in (0..values.len()).step_by(step) {
                let moved = |by: f64| {
                    let mut values = values.clone();
                    values[element] += by;
                    loss_at(values)
                };
                let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                let found = numbers(gradient)[element];
                let allowed = DIFFERENCES.of_largest * largest(&numbers(gradient)).max(1.0);
                assert!(
                    (found - difference).abs() < allowed,
                    "{}, gradient {index}, element {element}: {found} instead of {difference}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn strides_and_offsets_change_nothing() {
    for case in table::all() {
        for dtype in [DType::F32, DType::BF16] {
            let inputs = case.inputs(dtype);
            let plain = (case.fast)(&inputs).unwrap();
            let strided: Vec<Tensor> = inputs.iter().map(inside_a_larger_one).collect();
            let found = (case.fast)(&strided).unwrap();
            assert_eq!(numbers(&found), numbers(&plain), "{}", case.name);
        }
    }
}

#[test]
fn attention_reads_slices_of_one_tensor_and_returns_their_gradient() {
    for dtype in [DType::F32, DType::BF16] {
        let all = Var::from_tensor(&random(0, &[2, 5, 36], dtype)).unwrap();
        let parts = |copied: bool| -> Tensor {
            let [q, k, v] = [0, 12, 24].map(|start| {
                let part = all.narrow(2, start, 12).unwrap();
                if copied {
                    part.contiguous().unwrap()
                } else {
                    part
                }
            });
            attention(&q, &k, &v, 3).unwrap()
        };
        let (copied, sliced) = (parts(true), parts(false));
        assert_eq!(numbers(&sliced), numbers(&copied));
        let [copied, sliced] = [copied, sliced].map(|value| {
            let gradients = loss(&value).backward().unwrap();
            numbers(gradients.get(&all).unwrap())
        });
        assert_eq!(sliced, copied);
        assert!(largest(&sliced[24..36]) > 1e-2);
    }
}

/// The same numbers as a part of a tensor with other numbers around it in every dimension.
fn inside_a_larger_one(tensor: &Tensor) -> Tensor {
    let mut inside = tensor.clone();
    for axis in 0..tensor.rank() {
        let other = (&inside + 7.0).unwrap();
        let larger = Tensor::cat(&[&other, &inside, &other], axis).unwrap();
        inside = larger
            .narrow(axis, tensor.dims()[axis], tensor.dims()[axis])
            .unwrap();
    }
    assert!(inside.elem_count() == 1 || !inside.is_contiguous() || inside.rank() == 1);
    inside
}

#[test]
fn an_empty_batch_gives_an_empty_batch() {
    for case in table::all().iter().filter(|case| case.shapes[0].len() > 1) {
        let batched = case.shapes[0][0];
        let inputs = case.inputs(DType::F32);
        let full = (case.fast)(&inputs).unwrap();
        let is_weight = |name: &str, index: usize| {
            let two_inputs = ["attention", "mp_"].iter().any(|part| name.contains(part));
            index > 0 && !two_inputs
        };
        let parts = inputs.iter().enumerate().map(|(index, input)| {
            if is_weight(case.name, index) {
                input.clone()
            } else {
                input.narrow(0, 0, 0).unwrap()
            }
        });
        let parts: Vec<Tensor> = parts.collect();
        for function in [case.fast, case.composed] {
            let found = function(&parts).unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert_eq!(found.dims()[0], 0, "{} of {batched}", case.name);
            assert_eq!(found.dims()[1..], full.dims()[1..], "{}", case.name);
        }
    }
}
