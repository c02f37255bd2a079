//! What several steps make of a gradient together.

use candle_core::{DType, Device, Tensor, Var};
use foil_tensor::{
    composed,
    traced::{RowOrder, Traced, gradients},
};

use super::case::weights;
use crate::case::{Tolerance, assert_close, random};

const SHAPE: [usize; 3] = [2, 3, 5];

#[test]
fn a_value_used_several_times_gets_the_sum_of_its_gradients() {
    for (dtype, of_largest) in [(DType::F32, 1e-5), (DType::BF16, 1.0 / 64.0)] {
        let x = Traced::variable(random(0, &SHAPE, dtype));
        let inner = x.mp_silu().unwrap();
        let twice = inner.mp_cat(&inner, 0.3).unwrap();
        let again = twice.mp_sum(&x.mp_cat(&inner, 0.5).unwrap(), 0.4).unwrap();
        let gradient = weights(again.value(), DType::F32);
        let found = gradients(&[(again, gradient)]).unwrap().take(&x).unwrap();

        let x = Var::from_tensor(&random(0, &SHAPE, DType::F64)).unwrap();
        let inner = composed::mp_silu(&x).unwrap();
        let twice = composed::mp_cat(&inner, &inner, 0.3).unwrap();
        let other = composed::mp_cat(&x, &inner, 0.5).unwrap();
        let again = composed::mp_sum(&twice, &other, 0.4).unwrap();
        let loss = (&again * weights(&again, DType::F64)).unwrap();
        let store = loss.sum_all().unwrap().backward().unwrap();

        let found = Tensor::from_vec(found, &SHAPE, &Device::Cpu).unwrap();
        let tolerance = Tolerance {
            of_number: 0.0,
            of_largest,
        };
        assert_close(&found, store.get(&x).unwrap(), tolerance, "used often");
    }
}

#[test]
fn gradients_of_several_arguments_are_added_even_of_a_variable_itself() {
    let x = Traced::variable(random(0, &SHAPE, DType::F32));
    let doubled = x.times(vec![2.0; SHAPE.iter().product()]);
    let [a, b] = [1, 2].map(|seed| random(seed, &SHAPE, DType::F32));
    let arguments = [
        (x.clone(), a.clone()),
        (doubled.unwrap(), b.clone()),
        (x.clone(), a.clone()),
    ];
    let found = gradients(&arguments).unwrap().take(&x).unwrap();
    let wanted = ((a * 2.0).unwrap() + (b * 2.0).unwrap()).unwrap();
    assert_eq!(
        found,
        wanted.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    );
}

#[test]
fn what_had_no_part_in_the_result_has_no_gradient() {
    let [x, other] = [0, 1].map(|seed| Traced::variable(random(seed, &SHAPE, DType::F32)));
    let constant = Traced::constant(random(2, &SHAPE, DType::F32));
    other.mp_silu().unwrap();
    let value = x.mp_sum(&constant, 0.5).unwrap();
    let gradient = weights(value.value(), DType::F32);
    let mut found = gradients(&[(value, gradient.clone())]).unwrap();
    assert_eq!(found.take(&other), None);
    assert_eq!(found.take(&constant), None);
    assert!(found.take(&x).is_some());
    let alone = constant.mp_silu().unwrap();
    assert_eq!(
        gradients(&[(alone, gradient)]).unwrap().take(&constant),
        None
    );
}

#[test]
fn many_equal_contributions_to_a_weight_are_not_rounded_to_sixteen_bits() {
    // 1001 ones are 1001 in f32; in bf16 their sum stops at 256.
    const COUNT: usize = 1001;
    let once = gradient_of_uses(1, 1);
    for (rows, uses) in [(COUNT, 1), (1, COUNT)] {
        for (found, once) in gradient_of_uses(rows, uses).iter().zip(&once) {
            let wanted = once * COUNT as f32;
            assert!(
                (found - wanted).abs() < 1e-4 * wanted.abs(),
                "{found} instead of {wanted}"
            );
        }
    }
}

/// With respect to a weight, of the sum of what it makes of so many rows of unlike ones, so many times.
fn gradient_of_uses(rows: usize, uses: usize) -> Vec<f32> {
    let weight = Tensor::new(&[[3.0_f32, -1.0, 2.0]], &Device::Cpu).unwrap();
    let weight = Traced::variable(weight);
    let multiplies = weight.unit_rows(None, RowOrder::Kept, DType::BF16).unwrap();
    let row = Tensor::new(&[[1.0_f32, 0.0, 2.0]], &Device::Cpu).unwrap();
    let x = row
        .to_dtype(DType::BF16)
        .unwrap()
        .repeat((rows, 1))
        .unwrap();
    let x = Traced::constant(x);
    let ones = Tensor::ones((rows, 1), DType::F32, &Device::Cpu).unwrap();
    let arguments = (0..uses).map(|_| (x.linear(&multiplies, None).unwrap(), ones.clone()));
    let arguments: Vec<_> = arguments.collect();
    gradients(&arguments).unwrap().take(&weight).unwrap()
}
