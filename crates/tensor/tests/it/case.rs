//! An operation with inputs to try it on, and what a law needs: its value and gradients in any type.

use candle_core::{DType, Device, Tensor, Var};
use foil_tensor::Result;

/// One operation at one size.
pub struct Case {
    pub name: &'static str,
    pub shapes: Vec<Vec<usize>>,
    pub fast: Function,
    pub composed: Function,
}

pub type Function = fn(&[Tensor]) -> Result<Tensor>;

/// The same call in both of its meanings.
#[macro_export]
macro_rules! case {
    ($name:literal, [$($shape:expr),*], |$x:ident| $call:expr) => {
        $crate::case::Case {
            name: $name,
            shapes: vec![$($shape.to_vec()),*],
            fast: |$x| { use foil_tensor::*; $call },
            composed: |$x| { use foil_tensor::composed::*; $call },
        }
    };
}

/// What an operation makes of a case: its value, and the gradient of Σ value · weights with respect to each input.
pub struct Outcome {
    pub value: Tensor,
    pub gradients: Vec<Tensor>,
}

impl Case {
    /// Inputs that `bf16` can hold, so that every type gets the same.
    pub fn inputs(&self, dtype: DType) -> Vec<Tensor> {
        let shapes = self.shapes.iter().enumerate();
        shapes
            .map(|(index, shape)| random(index as u64, shape, dtype))
            .collect()
    }

    pub fn outcome(&self, function: Function, dtype: DType) -> Outcome {
        let inputs: Vec<Var> = self
            .inputs(dtype)
            .iter()
            .map(|tensor| Var::from_tensor(tensor).unwrap())
            .collect();
        let tensors: Vec<Tensor> = inputs
            .iter()
            .map(|input| input.as_tensor().clone())
            .collect();
        let value = function(&tensors).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        assert_eq!(value.dtype(), dtype, "{}", self.name);
        let store = loss(&value).backward().unwrap();
        let gradients = inputs.iter().map(|input| {
            let gradient = store.get(input);
            gradient
                .unwrap_or_else(|| panic!("{}: an input without gradient", self.name))
                .clone()
        });
        Outcome {
            gradients: gradients.collect(),
            value: value.detach(),
        }
    }
}

/// Σ value · weights, with weights of no symmetry.
pub fn loss(value: &Tensor) -> Tensor {
    let weights = random(99, value.dims(), value.dtype());
    (value * weights).unwrap().sum_all().unwrap()
}

/// Numbers in −1.5 … 1.5 that `bf16` can hold, different for each seed.
pub fn random(seed: u64, shape: &[usize], dtype: DType) -> Tensor {
    let count: usize = shape.iter().product();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(12345);
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32 * 3.0 - 1.5
    };
    let numbers: Vec<f32> = (0..count).map(|_| next()).collect();
    let tensor = Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap();
    tensor
        .to_dtype(DType::BF16)
        .unwrap()
        .to_dtype(dtype)
        .unwrap()
}

pub fn numbers(tensor: &Tensor) -> Vec<f64> {
    let wide = tensor.to_dtype(DType::F64).unwrap();
    wide.flatten_all().unwrap().to_vec1().unwrap()
}

pub fn largest(numbers: &[f64]) -> f64 {
    numbers
        .iter()
        .fold(0.0, |most, number| most.max(number.abs()))
}

/// How far numbers may be from the truth: in parts of the number itself and of the largest.
#[derive(Clone, Copy)]
pub struct Tolerance {
    pub of_number: f64,
    pub of_largest: f64,
}

pub fn assert_close(found: &Tensor, truth: &Tensor, tolerance: Tolerance, what: &str) {
    assert_eq!(found.dims(), truth.dims(), "{what}");
    let (found, truth) = (numbers(found), numbers(truth));
    let most = largest(&truth);
    for (index, (found, truth)) in found.iter().zip(&truth).enumerate() {
        let allowed = tolerance.of_number * truth.abs() + tolerance.of_largest * most;
        let error = (found - truth).abs();
        assert!(
            error <= allowed,
            "{what}: element {index} is {found} instead of {truth}, {:.1} times what is allowed",
            error / allowed
        );
    }
}
