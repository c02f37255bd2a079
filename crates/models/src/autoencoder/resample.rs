//! From one resolution to the next.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{PackedConv2d, nearest_2x};

use super::{
    layers::{Convolution, Source},
    plan::Step,
};
use crate::Result;

/// Half the sides: a 3×3 convolution of every second pixel, of an image that has a line of zeros more on the right and below.
#[derive(Debug)]
pub(super) struct Down(Convolution);

impl Down {
    pub(super) fn new(source: Source<'_>, name: &str) -> Result<Self> {
        let weight = source.tensor(&format!("{name}.weight"))?;
        let weight = PackedConv2d::new(&weight, 2, 0)?;
        Ok(Self(Convolution::packed(source, name, weight)?))
    }

    pub(super) fn forward(&self, x: Tensor) -> Result<Tensor> {
        let padded = x.pad_with_zeros(1, 0, 1)?;
        drop(x);
        let padded = padded.pad_with_zeros(2, 0, 1)?;
        self.0.forward(&padded)
    }
}

/// Twice the sides: each pixel four times, then a 3×3 convolution.
#[derive(Debug)]
pub(super) enum Up {
    /// Literally so.
    Doubled(Convolution),
    /// Both at once, as a transposed convolution: of the nine pixels that a filter sees after doubling only four are different.
    Transposed(Convolution),
}

impl Up {
    /// In `bf16` on the CPU both at once, which takes 4/9 of the products. In `f32` there Winograd's method saves more, and other
    /// devices are best at the plainest convolution.
    pub(super) fn new(source: Source<'_>, step: &Step) -> Result<Self> {
        let name = &step.name;
        if source.dtype != DType::BF16 || !matches!(source.device, Device::Cpu) {
            let convolution = Convolution::new(source, name, step.scale)?;
            return Ok(Self::Doubled(convolution));
        }
        // Summed before it is rounded.
        let weight = of_doubled(&source.single(&format!("{name}.weight"))?)?;
        let weight = PackedConv2d::transposed(&weight.to_dtype(source.dtype)?, 2, 1)?;
        Ok(Self::Transposed(Convolution::packed(source, name, weight)?))
    }

    pub(super) fn forward(&self, x: Tensor) -> Result<Tensor> {
        match self {
            Self::Transposed(convolution) => convolution.forward(&x),
            Self::Doubled(convolution) => {
                let doubled = nearest_2x(&x)?;
                drop(x);
                convolution.forward(&doubled)
            }
        }
    }
}

/// The filters `[in, out, 4, 4]` of the transposed convolution of stride 2 and padding 1 that does what filters `[out, in, 3, 3]`
/// do to a doubled image.
fn of_doubled(weight: &Tensor) -> Result<Tensor> {
    let weight = spread(&spread(weight, 2)?, 3)?;
    Ok(weight.transpose(0, 1)?.contiguous()?)
}

/// Along one dimension w₀ w₁ w₂ become w₂, w₁ + w₂, w₀ + w₁, w₀: a transposed convolution turns its filters, and each of its pixels
/// stands for two.
fn spread(weight: &Tensor, dimension: usize) -> Result<Tensor> {
    let part = |index: usize| weight.narrow(dimension, index, 1);
    let (first, middle, last) = (part(0)?, part(1)?, part(2)?);
    let sums = [(&middle + &last)?, (&first + &middle)?];
    Ok(Tensor::cat(
        &[&last, &sums[0], &sums[1], &first],
        dimension,
    )?)
}
