//! One layer with its numbers, computed by the crate and by its twin.

use std::ops::Range;

use foil_kernels::{Instructions, bf16, product::Epilogue};

use crate::{
    definition,
    operation::Operation,
    world::{
        Guarded, Number, assert_close, assert_close_within, integers, values, widened, written,
    },
};

pub struct Case<'a, T, O> {
    pub operation: &'a O,
    pub x: Guarded<T>,
    pub weight: Guarded<T>,
    pub grad: Guarded<T>,
}

impl<'a, T: Number, O: Operation> Case<'a, T, O> {
    pub fn new(operation: &'a O) -> Self {
        Self::of(operation, values::<T>)
    }

    /// Whose sums are exact.
    pub fn of_integers(operation: &'a O) -> Self {
        Self::of(operation, integers::<T>)
    }

    fn of(operation: &'a O, numbers: impl Fn(usize, u64) -> Vec<T>) -> Self {
        let lengths = operation.lengths();
        Self {
            operation,
            x: Guarded::new(&numbers(lengths.input, 1)),
            weight: Guarded::new(&numbers(lengths.weight, 2)),
            grad: Guarded::new(&numbers(lengths.output, 3)),
        }
    }

    pub fn forward(&self, instructions: Instructions, epilogue: &Epilogue<'_, T>) -> Vec<T> {
        written(self.operation.lengths().output, |out| {
            self.operation
                .forward(instructions, [&self.x, &self.weight], epilogue, out);
        })
    }

    pub fn input_gradient(&self, instructions: Instructions) -> Vec<T> {
        written(self.operation.lengths().input, |out| {
            self.operation
                .input_gradient(instructions, [&self.weight, &self.grad], out);
        })
    }

    pub fn weight_gradient(&self, instructions: Instructions) -> Vec<f32> {
        written(self.operation.lengths().weight, |out| {
            self.operation
                .weight_gradient(instructions, [&self.x, &self.grad], out);
        })
    }

    /// The twin's sums, before any epilogue.
    pub fn twin_forward(&self) -> Vec<f64> {
        definition::forward(self.operation, &widened(&self.x), &widened(&self.weight))
    }

    pub fn twin_input_gradient(&self) -> Vec<f64> {
        definition::input_gradient(self.operation, &widened(&self.weight), &widened(&self.grad))
    }

    pub fn twin_weight_gradient(&self) -> Vec<f64> {
        definition::weight_gradient(self.operation, &widened(&self.x), &widened(&self.grad))
    }

    /// Every input the one, every weight the other.
    pub fn replace(&mut self, input: T, weight: T) {
        self.x = Guarded::new(&vec![input; self.x.len()]);
        self.weight = Guarded::new(&vec![weight; self.weight.len()]);
    }

    /// Other inputs and weights.
    pub fn set(&mut self, x: &[T], weight: &[T]) {
        self.x = Guarded::new(x);
        self.weight = Guarded::new(weight);
    }

    /// One element of the input replaced.
    pub fn poison(&mut self, index: usize, poison: T) {
        let mut x = self.x.to_vec();
        x[index] = poison;
        self.x = Guarded::new(&x);
    }

    /// Some elements of the weight replaced.
    pub fn poison_weights(&mut self, range: Range<usize>, poison: T) {
        let mut weight = self.weight.to_vec();
        weight[range].fill(poison);
        self.weight = Guarded::new(&weight);
    }

    /// The output and both gradients are the twin's.
    pub fn agrees(&self, with: &[Instructions]) {
        let output = self.twin_forward();
        let input_gradient = self.twin_input_gradient();
        let weight_gradient = self.twin_weight_gradient();
        for &instructions in with {
            let of = |what| (what, T::NAME, instructions, self.operation);
            let got = self.forward(instructions, &Epilogue::default());
            let tolerance = self.operation.tolerance::<T>();
            assert_close_within(tolerance, of("output"), &output, &got, &output);
            let got = self.input_gradient(instructions);
            assert_close(of("input's gradient"), &got, &input_gradient);
            let got = self.weight_gradient(instructions);
            assert_close(of("weight's gradient"), &got, &weight_gradient);
        }
    }
}

/// With both types and every instruction set of this processor.
pub fn agrees(operation: &impl Operation) {
    Case::<f32, _>::new(operation).agrees(&Instructions::available());
    Case::<bf16, _>::new(operation).agrees(&Instructions::available());
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

impl<T: Number, O: Operation> Case<'_, T, O> {
    /// Σ y·g = Σ x·(input's gradient) = Σ w·(weight's gradient), exactly: for integers, whose sums are exact.
    pub fn gradients_are_adjoints(&self, with: &[Instructions]) {
        let (x, weight, grad) = (widened(&self.x), widened(&self.weight), widened(&self.grad));
        for &instructions in with {
            let of = (T::NAME, instructions, self.operation);
            let forward = widened(&self.forward(instructions, &Epilogue::default()));
            assert_eq!(forward, self.twin_forward(), "{of:?}");
            let product = dot(&forward, &grad);
            let by_input = dot(&x, &widened(&self.input_gradient(instructions)));
            let by_weight = dot(&weight, &widened(&self.weight_gradient(instructions)));
            assert_eq!(
                [product; 2].map(f64::to_bits),
                [by_input, by_weight].map(f64::to_bits),
                "{of:?}"
            );
        }
    }
}
