//! Weights that no longer change: normalised, scaled and packed once.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{Epilogue, PackedConv2d, PackedLinear, Rows};

use super::{
    effective::Effective,
    layer::{Kernel, Layer, Mix, Product, mixing, modulating},
};
use crate::{Result, Weights};

/// A layer for inference. Its results have no gradient.
#[derive(Debug)]
pub struct Packed(Form);

#[derive(Debug)]
enum Form {
    Convolution(Box<PackedConv2d>),
    Linear(PackedLinear),
}

/// How weights are packed.
#[derive(Debug, Clone)]
pub struct Packing {
    /// Of activations and of all weights but the embeddings': `F32` or `BF16`, on a GPU also `F16`.
    pub dtype: DType,
    /// Where the network runs.
    pub device: Device,
    /// How many images it will see at once; it is right for any number.
    pub batch: usize,
}

impl Packed {
    pub(super) fn new(layer: &Layer, weights: &Weights, packing: &Packing) -> Result<Self> {
        let dtype = match layer.resolution {
            Some(_) => packing.dtype,
            None => DType::F32,
        };
        let form = Effective::with(layer, weights, |effective| match (&packing.device, dtype) {
            (Device::Cpu, DType::F32 | DType::BF16) => {
                Form::of_rows(layer, effective, dtype, packing.batch)
            }
            _ => Form::of_tensor(layer, effective, dtype, packing),
        })??;
        Ok(Self(form))
    }
}

impl Form {
    /// Without the weight ever being in memory as a whole.
    fn of_rows(
        layer: &Layer,
        effective: &Effective<'_>,
        dtype: DType,
        batch: usize,
    ) -> Result<Self> {
        let Layer {
            outputs, inputs, ..
        } = *layer;
        let rows = |outputs, to: Rows<'_>| effective.write(outputs, to);
        match layer.kernel {
            Kernel::Convolution => {
                let (shape, image) = ([outputs, inputs, 3, 3], image(layer, batch));
                let packed = PackedConv2d::from_rows(shape, dtype, 1, image, rows)?;
                Ok(Self::Convolution(Box::new(packed)))
            }
            Kernel::Linear => {
                let packed = PackedLinear::from_rows([outputs, inputs], dtype, rows)?;
                Ok(Self::Linear(packed))
            }
        }
    }

    /// Where no kernel takes it.
    fn of_tensor(
        layer: &Layer,
        effective: &Effective<'_>,
        dtype: DType,
        packing: &Packing,
    ) -> Result<Self> {
        let weight = effective.tensor()?.to_dtype(dtype)?;
        let weight = weight.to_device(&packing.device)?;
        match layer.kernel {
            Kernel::Convolution => {
                let image = image(layer, packing.batch);
                let packed = PackedConv2d::expecting(&weight, 1, 1, image)?;
                Ok(Self::Convolution(Box::new(packed)))
            }
            Kernel::Linear => Ok(Self::Linear(PackedLinear::new(&weight)?)),
        }
    }
}

/// What a layer will see, `[batch, height, width]`.
fn image(layer: &Layer, batch: usize) -> [usize; 3] {
    let size = layer.resolution.unwrap_or(1);
    [batch, size, size]
}

impl Packed {
    fn multiply(&self, x: &Tensor, epilogue: &Epilogue<'_>) -> Result<Tensor> {
        Ok(match &self.0 {
            Form::Convolution(convolution) => convolution.forward(x, epilogue)?,
            Form::Linear(linear) => linear.forward(x, epilogue)?,
        })
    }
}

impl Product for Packed {
    type Value = Tensor;

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        self.multiply(x, &Epilogue::default())
    }

    fn modulated(&self, x: &Tensor, shift: &Tensor) -> Result<Tensor> {
        self.multiply(x, &modulating(&(shift + 1.0)?))
    }

    fn mixed(&self, x: &Tensor, mix: Mix<'_, Tensor>) -> Result<Tensor> {
        self.multiply(x, &mixing(&mix))
    }
}
