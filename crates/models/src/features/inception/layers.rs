//! A convolution with what follows it in one pass: its normalisation by the training set's moments is a scale and a shift of each
//! channel, which become part of weight and bias.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{Activation, Epilogue, PackedConv2d, Padding};

use crate::{Result, Weights};

/// Added to variances.
const EPSILON: f64 = 1e-3;

/// A convolution, its shift, and what is below 0 cut off.
#[derive(Debug)]
pub(super) struct Convolution {
    weight: PackedConv2d,
    bias: Tensor,
    outputs: usize,
}

/// Where windows are, and of which images: batches may have other sizes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) stride: usize,
    /// `None` keeps the sides.
    pub(super) padding: Option<usize>,
    /// Of the images.
    pub(super) side: usize,
    /// Of the images.
    pub(super) channels: usize,
}

impl Convolution {
    /// Of a layer in torchvision's names.
    pub(super) fn new(weights: &Weights, name: &str, placed: Placed, dtype: DType) -> Result<Self> {
        let stored = weights.get(&format!("{name}.conv.weight"))?;
        let [outputs, inputs, height, width] = *stored.shape() else {
            return Err(weights.wrong(format!("{name}.conv.weight has {:?}", stored.shape())));
        };
        if inputs != placed.channels || outputs * height * width == 0 {
            let problem = format!(
                "{name}.conv.weight is {:?} where {} input channels were expected",
                stored.shape(),
                placed.channels
            );
            return Err(weights.wrong(problem));
        }
        let numbers = |part: &str| {
            let numbers = weights.get(&format!("{name}.bn.{part}"))?.numbers()?;
            if numbers.len() == outputs {
                return Ok(numbers);
            }
            let problem = format!(
                "{name}.bn.{part} has {} numbers of {outputs}",
                numbers.len()
            );
            Err(weights.wrong(problem))
        };
        let (mean, variance) = (numbers("running_mean")?, numbers("running_var")?);
        let (gain, shift) = (numbers("weight")?, numbers("bias")?);
        let scales = gain
            .iter()
            .zip(&variance)
            .map(|(&gain, &variance)| f64::from(gain) / (f64::from(variance) + EPSILON).sqrt());
        let scales: Vec<f64> = scales.collect();
        let bias = scales.iter().zip(&mean).zip(&shift);
        let bias = bias
            .map(|((scale, &mean), &shift)| (f64::from(shift) - f64::from(mean) * scale) as f32);
        let bias = Tensor::from_iter(bias, &Device::Cpu)?;
        let mut weight = stored.numbers()?;
        let row = inputs * height * width;
        for (row, scale) in weight.chunks_exact_mut(row).zip(&scales) {
            for number in row {
                *number = (f64::from(*number) * scale) as f32;
            }
        }
        let weight = Tensor::from_vec(weight, stored.shape(), &Device::Cpu)?;
        let weight = weight.to_dtype(dtype)?;
        let Placed {
            stride,
            padding,
            side,
            ..
        } = placed;
        let padding = padding.map_or(Padding([height / 2, width / 2]), Padding::from);
        let weight = match dtype {
            // Where numbers are rounded, Winograd's method would more than double the error.
            DType::BF16 => PackedConv2d::new(&weight, stride, padding)?,
            _ => PackedConv2d::expecting(&weight, stride, padding, [1, side, side])?,
        };
        Ok(Self {
            weight,
            bias,
            outputs,
        })
    }

    /// Channels of what it makes.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, Activation::Relu)
    }

    /// Without what cuts off numbers below 0.
    pub(super) fn linear(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, Activation::None)
    }

    fn with(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        let epilogue = Epilogue {
            bias: Some(&self.bias),
            activation,
            ..Epilogue::default()
        };
        Ok(self.weight.forward(x, &epilogue)?)
    }
}
