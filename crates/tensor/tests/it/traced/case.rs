//! A traced operation with inputs to try it on, and its definition.

use candle_core::{DType, Tensor, Var};
use foil_tensor::{
    Result,
    traced::{Traced, gradients},
};

use crate::case::random;

/// One operation at one size.
pub struct Case {
    pub name: &'static str,
    pub shapes: Vec<Vec<usize>>,
    /// Inputs that are `f32` whatever the others are.
    pub single: Vec<usize>,
    /// Inputs whose gradients are never rounded to less than `f32`.
    pub unrounded: Vec<usize>,
    pub traced: Function,
    pub composed: fn(&[Tensor]) -> Result<Tensor>,
}

/// What networks compute in may be an argument of an operation.
pub type Function = fn(&[Traced], DType) -> Result<Traced>;

/// A value, and the gradient of Σ value · weights with respect to each input.
pub struct Outcome {
    pub value: Tensor,
    pub gradients: Vec<Tensor>,
}

impl Case {
    pub fn single(mut self, inputs: &[usize]) -> Self {
        self.single = inputs.to_vec();
        self.unrounded(inputs)
    }

    pub fn unrounded(mut self, inputs: &[usize]) -> Self {
        self.unrounded.extend(inputs);
        self
    }

    /// Numbers that `bf16` can hold, so that every type gets the same.
    pub fn inputs(&self, dtype: DType) -> Vec<Tensor> {
        let shapes = self.shapes.iter().enumerate();
        shapes
            .map(
                |(index, shape)| match (dtype, self.single.contains(&index)) {
                    (DType::BF16, true) => random(index as u64, shape, DType::F32),
                    _ => random(index as u64, shape, dtype),
                },
            )
            .collect()
    }

    /// Of the operation, of these inputs.
    pub fn found(&self, inputs: &[Tensor], dtype: DType) -> Outcome {
        let inputs: Vec<Traced> = inputs.iter().cloned().map(Traced::variable).collect();
        let value = (self.traced)(&inputs, dtype);
        let value = value.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let weights = weights(value.value(), DType::F32);
        let mut store = gradients(&[(value.clone(), weights)]).unwrap();
        let gradients = inputs.iter().map(|input| {
            let gradient = store.take(input);
            let gradient =
                gradient.unwrap_or_else(|| panic!("{}: an input without gradient", self.name));
            let (shape, device) = (input.value().shape(), input.value().device());
            Tensor::from_vec(gradient, shape, device).unwrap()
        });
        Outcome {
            gradients: gradients.collect(),
            value: value.value().clone(),
        }
    }

    /// Of the definition in `f64`, by candle's gradients.
    pub fn truth(&self) -> Outcome {
        let inputs = self.inputs(DType::F64);
        let variables: Vec<Var> = inputs
            .iter()
            .map(|one| Var::from_tensor(one).unwrap())
            .collect();
        let tensors: Vec<Tensor> = variables
            .iter()
            .map(|one| one.as_tensor().clone())
            .collect();
        let value = (self.composed)(&tensors).unwrap();
        let loss = (&value * weights(&value, DType::F64)).unwrap();
        let store = loss.sum_all().unwrap().backward().unwrap();
        let gradients = variables.iter().map(|one| store.get(one).unwrap().clone());
        Outcome {
            gradients: gradients.collect(),
            value: value.detach(),
        }
    }
}

/// Of no symmetry.
pub fn weights(value: &Tensor, dtype: DType) -> Tensor {
    random(99, value.dims(), dtype)
}
