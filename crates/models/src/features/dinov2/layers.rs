//! The layers of the network, packed.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{Activation, Epilogue, PackedLinear, Residual, layer_norm};

use super::EPSILON;
use crate::{Result, Weights};

/// A linear layer with its bias.
#[derive(Debug)]
pub(super) struct Linear {
    weight: PackedLinear,
    bias: Tensor,
}

impl Linear {
    /// Of a weight `[outputs, inputs]` and as many biases as outputs.
    pub(super) fn new(weight: Vec<f32>, bias: Vec<f32>, dtype: DType) -> Result<Self> {
        let shape = (bias.len(), weight.len() / bias.len().max(1));
        let weight = Tensor::from_vec(weight, shape, &Device::Cpu)?.to_dtype(dtype)?;
        Ok(Self {
            weight: PackedLinear::new(&weight)?,
            bias: Tensor::from_vec(bias, shape.0, &Device::Cpu)?,
        })
    }

    /// The layer of this name.
    pub(super) fn read(weights: &Weights, name: &str, dtype: DType) -> Result<Self> {
        let [weight, bias] = numbers(weights, name)?;
        Self::new(weight, bias, dtype)
    }

    /// The layer of this name, whose outputs are multiplied by the numbers of another.
    pub(super) fn scaled(
        weights: &Weights,
        name: &str,
        scales: &str,
        dtype: DType,
    ) -> Result<Self> {
        let [mut weight, mut bias] = numbers(weights, name)?;
        let scales = weights.get(scales)?.numbers()?;
        let inputs = weight.len() / bias.len().max(1);
        let rows = weight.chunks_exact_mut(inputs).zip(&mut bias);
        for ((row, bias), scale) in rows.zip(scales) {
            *bias *= scale;
            for number in row {
                *number *= scale;
            }
        }
        Self::new(weight, bias, dtype)
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, Activation::None, None)
    }

    /// With the exact GELU of what it makes.
    pub(super) fn with_gelu(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, Activation::Gelu, None)
    }

    /// What it makes of `x` is added to `residual`, which is of single precision whatever `x` is: it is added to in every block, and would be
    /// rounded each time.
    pub(super) fn added_to(&self, residual: &Tensor, x: &Tensor) -> Result<Tensor> {
        if x.dtype() == residual.dtype() {
            return self.with(x, Activation::None, Some(Residual::sum(residual)));
        }
        let made = self.with(x, Activation::None, None)?;
        Ok((residual + made.to_dtype(residual.dtype())?)?)
    }

    fn with(
        &self,
        x: &Tensor,
        activation: Activation,
        residual: Option<Residual<'_>>,
    ) -> Result<Tensor> {
        let epilogue = Epilogue {
            bias: Some(&self.bias),
            activation,
            residual,
            ..Epilogue::default()
        };
        Ok(self.weight.forward(x, &epilogue)?)
    }
}

/// Weight and bias of a layer.
pub(super) fn numbers(weights: &Weights, layer: &str) -> Result<[Vec<f32>; 2]> {
    let part = |part: &str| weights.get(&format!("{layer}.{part}"))?.numbers();
    Ok([part("weight")?, part("bias")?])
}

/// Mean 0 and variance 1 of each token, then a scale and a shift of each number.
#[derive(Debug)]
pub(super) struct Norm {
    scale: Tensor,
    shift: Tensor,
}

impl Norm {
    /// The norm of this name.
    pub(super) fn read(weights: &Weights, name: &str) -> Result<Self> {
        let part = |part: &str| weights.get(&format!("{name}.{part}"))?.tensor(&Device::Cpu);
        Ok(Self {
            scale: part("weight")?,
            shift: part("bias")?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(layer_norm(x, EPSILON, Some((&self.scale, &self.shift)))?)
    }
}
