//! Back through the history.

use std::collections::BTreeMap;

use candle_core::Tensor;
use foil_kernels::{Instructions, passes::accumulate};

use super::{Buffer, Traced, step::Outcome};
use crate::{
    error::{Named, Result},
    operation::with_slice,
};

/// The gradients of the variables.
#[derive(Debug, Default)]
pub struct Gradients(BTreeMap<u64, Buffer>);

impl Gradients {
    /// That of a variable, in the order of its numbers; `None` if it had no part in the result.
    pub fn take(&mut self, variable: &Traced) -> Option<Vec<f32>> {
        Some(self.0.remove(&variable.0.number)?.of())
    }
}

/// The gradients of a function with respect to all variables that its arguments were made of, where each argument comes with the
/// gradient of the function with respect to it, a tensor of its shape.
pub fn gradients(arguments: &[(Traced, Tensor)]) -> Result<Gradients> {
    let mut found = Found::default();
    for (argument, gradient) in arguments {
        let named = Named::new("gradients", "argument", argument.value());
        named.shaped(named.beside("gradient", gradient), named.shape)?;
        let gradient = with_slice::<f32, _>(gradient, <[f32]>::to_vec)?;
        found.add(argument, Buffer::F32(gradient));
    }
    let mut gradients = Gradients::default();
    // The latest first: all that was made of a value is later than it.
    while let Some((number, (value, gradient))) = found.0.pop_last() {
        let Some(history) = &value.0.history else {
            gradients.0.insert(number, gradient);
            continue;
        };
        let inputs = || history.inputs.iter();
        let outcome = Outcome {
            inputs: inputs().map(Traced::value).collect(),
            result: value.value(),
            gradient,
            wanted: inputs().map(|input| input.0.wanted).collect(),
        };
        let of_inputs = history.step.gradients(outcome)?;
        for (input, gradient) in inputs().zip(of_inputs) {
            if let Some(gradient) = gradient {
                found.add(input, gradient);
            }
        }
    }
    Ok(gradients)
}

/// Gradients of values that have not been gone back through, by the values' numbers.
#[derive(Default)]
struct Found(BTreeMap<u64, (Traced, Buffer)>);

impl Found {
    fn add(&mut self, value: &Traced, gradient: Buffer) {
        if !value.0.wanted {
            return;
        }
        let instructions = Instructions::best();
        match self.0.get_mut(&value.0.number) {
            None => {
                self.0.insert(value.0.number, (value.clone(), gradient));
            }
            Some((_, Buffer::F32(sum))) => accumulate(instructions, sum, &gradient.of()),
            Some((_, Buffer::BF16(sum))) => accumulate(instructions, sum, &gradient.of()),
        }
    }
}
