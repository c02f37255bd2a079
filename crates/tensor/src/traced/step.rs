//! One step of a computation, seen from its end.

use candle_core::{Device, Tensor};
use foil_kernels::bf16;

use crate::{
    error::Result,
    operation::{Known, Operation, Stored, View, cpu},
};

/// The numbers of a gradient. A gradient may be more precise than its value.
#[derive(Debug, Clone)]
pub(crate) enum Buffer {
    F32(Vec<f32>),
    BF16(Vec<bf16>),
}

impl Buffer {
    /// Of this type; a copy if it has another.
    pub(crate) fn of<T: Stored>(self) -> Vec<T> {
        match self {
            Self::F32(numbers) => T::of_f32(numbers),
            Self::BF16(numbers) => T::of_bf16(numbers),
        }
    }
}

/// How gradients go through what was done.
pub(super) trait Step {
    /// Those of the inputs, each where it is wanted (more may be given), from that of the result.
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>>;
}

/// What is known when a step is gone back through.
pub(super) struct Outcome<'a> {
    pub(super) inputs: Vec<&'a Tensor>,
    pub(super) result: &'a Tensor,
    pub(super) gradient: Buffer,
    pub(super) wanted: Vec<bool>,
}

/// An operation of the vocabulary.
pub(super) struct Operated<O, const N: usize>(pub(super) O);

impl<O: Operation<N>, const N: usize> Operated<O, N> {
    pub(super) fn forward(&self, inputs: [&Tensor; N]) -> Result<Tensor> {
        match inputs[0].dtype() {
            candle_core::DType::BF16 => self.forward_of::<bf16>(inputs),
            _ => self.forward_of::<f32>(inputs),
        }
    }

    fn forward_of<T: Stored>(&self, inputs: [&Tensor; N]) -> Result<Tensor> {
        let inputs = contiguous(inputs)?;
        let stored = inputs.each_ref().map(Tensor::storage_and_layout);
        let mut views = [View::NONE; N];
        for (view, (storage, layout)) in views.iter_mut().zip(&stored) {
            *view = View::new(cpu(storage)?, layout)?;
        }
        let (result, shape) = self.0.forward::<T>(views);
        Ok(Tensor::from_vec(result, shape, &Device::Cpu)?)
    }

    fn backward_of<T: Stored>(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        let mut inputs = [known.result; N];
        inputs.copy_from_slice(&known.inputs);
        let mut wanted = [false; N];
        wanted.copy_from_slice(&known.wanted);
        let inputs = contiguous(inputs)?;
        let stored = inputs.each_ref().map(Tensor::storage_and_layout);
        let mut views = [View::NONE; N];
        for (view, (storage, layout)) in views.iter_mut().zip(&stored) {
            *view = View::new(cpu(storage)?, layout)?;
        }
        let (result, layout) = known.result.storage_and_layout();
        let gradient = known.gradient.of::<T>();
        let known = Known {
            result: View::new(cpu(&result)?, layout)?.data,
            gradient: &gradient,
            wanted,
        };
        let gradients = self.0.backward::<T>(views, &known);
        Ok(gradients
            .into_iter()
            .map(|gradient| gradient.map(T::buffer))
            .collect())
    }
}

/// What operations read: a variable or a constant may be a part of a larger tensor.
fn contiguous<const N: usize>(inputs: [&Tensor; N]) -> Result<[Tensor; N]> {
    let mut outputs = inputs.map(Tensor::clone);
    for output in &mut outputs {
        *output = output.contiguous()?;
    }
    Ok(outputs)
}

impl<O: Operation<N>, const N: usize> Step for Operated<O, N> {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        match known.inputs[0].dtype() {
            candle_core::DType::BF16 => self.backward_of::<bf16>(known),
            _ => self.backward_of::<f32>(known),
        }
    }
}
