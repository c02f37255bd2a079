//! Weights that no longer change: normalised, scaled and packed once.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{Epilogue, PackedConv2d, PackedLinear};
use half::bf16;
use rayon::prelude::*;

use super::layer::{Kernel, Layer, Product};
use crate::{Error, Result, StoredTensor, Weights, weights::widen};

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
        let gain = match &layer.gain {
            None => 1.0,
            Some(name) => weights
                .get(name)?
                .numbers()?
                .first()
                .copied()
                .unwrap_or(1.0),
        };
        let dtype = match layer.resolution {
            Some(_) => packing.dtype,
            None => DType::F32,
        };
        let weight = effective(layer, weights.get(&layer.weight)?, gain, dtype)?
            .to_device(&packing.device)?;
        let form = match (layer.kernel, layer.resolution) {
            (Kernel::Convolution, resolution) => {
                let weight = weight.reshape((layer.outputs, layer.inputs, 3, 3))?;
                let size = resolution.unwrap_or(1);
                let image = [packing.batch, size, size];
                Form::Convolution(Box::new(PackedConv2d::expecting(&weight, 1, 1, image)?))
            }
            (Kernel::Linear, _) => Form::Linear(PackedLinear::new(&weight)?),
        };
        Ok(Self(form))
    }
}

impl Product for Packed {
    fn apply(&self, x: &Tensor, epilogue: &Epilogue<'_>) -> foil_tensor::Result<Tensor> {
        match &self.0 {
            Form::Convolution(convolution) => convolution.forward(x, epilogue),
            Form::Linear(linear) => linear.forward(x, epilogue),
        }
    }
}

/// Rows handed to one thread at a time.
const ROWS: usize = 16;

/// The weight as it multiplies, `[outputs, fan_in]`: each row W·gain/(√fan_in·(10⁻⁴ + RMS of the row)), in `dtype`.
fn effective(layer: &Layer, stored: &StoredTensor, gain: f32, dtype: DType) -> Result<Tensor> {
    let shape = (layer.outputs, layer.fan_in());
    if dtype == DType::BF16 {
        let mut out = vec![bf16::ZERO; stored.count()];
        scale_rows(layer, stored, gain, &mut out, round)?;
        return Ok(Tensor::from_vec(out, shape, &Device::Cpu)?);
    }
    let mut out = vec![0.0_f32; stored.count()];
    scale_rows(layer, stored, gain, &mut out, |value| value)?;
    Ok(Tensor::from_vec(out, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

/// To the nearest, ties to even; weights that are not numbers were refused before.
#[inline]
fn round(value: f32) -> bf16 {
    let bits = value.to_bits();
    bf16::from_bits(((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16)
}

fn scale_rows<T: Send + Copy>(
    layer: &Layer,
    stored: &StoredTensor,
    gain: f32,
    out: &mut [T],
    convert: impl Fn(f32) -> T + Sync,
) -> Result<()> {
    let fan_in = layer.fan_in();
    let scale = gain / (fan_in as f32).sqrt();
    let row_bytes = fan_in * stored.dtype().size_in_bytes();
    let fill = |(group, out): (usize, &mut [T]), bytes: &[u8]| -> Result<()> {
        let mut row = vec![0.0_f32; fan_in];
        for (index, out) in out.chunks_exact_mut(fan_in).enumerate() {
            let published = group * ROWS + index;
            widen(
                stored.dtype(),
                &bytes[published * row_bytes..][..row_bytes],
                &mut row,
            )?;
            let factor = scale / (1e-4 + root_mean_square(&row));
            if !factor.is_finite() {
                return Err(Error::Weights {
                    origin: layer.weight.clone(),
                    problem: "a weight is infinite or not a number".into(),
                });
            }
            for (out, value) in out.iter_mut().zip(&row) {
                *out = convert(value * factor);
            }
        }
        Ok(())
    };
    stored.with_bytes(|bytes| {
        out.par_chunks_mut(ROWS * fan_in)
            .enumerate()
            .try_for_each(|rows| fill(rows, bytes))
    })??;
    if layer.heads.is_some() {
        let published = out.to_vec();
        for (row, values) in published.chunks_exact(fan_in).enumerate() {
            let to = layer.row_of_published(row);
            out[to * fan_in..][..fan_in].copy_from_slice(values);
        }
    }
    Ok(())
}

/// In sixteen sums, which a compiler makes a vector of.
fn root_mean_square(row: &[f32]) -> f32 {
    let (blocks, rest) = row.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value * value;
        }
    }
    let squares: f32 =
        sums.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>();
    (squares / row.len().max(1) as f32).sqrt()
}
