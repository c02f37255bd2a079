//! Where images enter a network and leave it.

use candle_core::{DType, Device, Tensor};
use foil_kernels::{Element, bf16};
use rayon::prelude::*;

use super::{
    Buffer, Traced,
    step::{Outcome, Step},
};
use crate::{
    error::Result,
    operation::{Stored, with_slice, zeros},
};

impl Traced {
    /// From `[batch, channels, height, width]` in `f32` to `[batch, height, width, channels + 1]` of another type: channels last, with
    /// one channel of ones.
    pub fn enter(&self, dtype: DType) -> Result<Self> {
        let named = self.named("enter", "image")?;
        let shape = named.dimensions("[batch, channels, height, width]")?;
        let value = with_slice::<f32, _>(self.value(), |image| match dtype {
            DType::BF16 => entered::<bf16>(shape, image),
            _ => entered::<f32>(shape, image),
        })??;
        Ok(Self::made(value, Entered(shape), vec![self.clone()]))
    }

    /// From `[batch, height, width, channels]` to `[batch, channels, height, width]` in `f32`.
    pub fn leave(&self) -> Result<Self> {
        let named = self.named("leave", "image")?;
        let shape = named.dimensions("[batch, height, width, channels]")?;
        let value = match self.value().dtype() {
            DType::BF16 => with_slice(self.value(), |image: &[bf16]| left(shape, image)),
            _ => with_slice(self.value(), |image: &[f32]| left(shape, image)),
        }??;
        let step = Left(shape, self.value().dtype());
        Ok(Self::made(value, step, vec![self.clone()]))
    }
}

impl Traced {
    /// The mean over pixels: `[batch, height, width, channels]` to `[batch, channels]` in `f32`.
    pub fn mean_pixels(&self) -> Result<Self> {
        let named = self.named("mean_pixels", "image")?;
        let shape = named.dimensions("[batch, height, width, channels]")?;
        let value = self.value().to_dtype(DType::F32)?.mean((1, 2))?;
        let step = MeanPixels(shape, self.value().dtype());
        Ok(Self::made(value, step, vec![self.clone()]))
    }
}

/// Of an image of this shape and type.
struct MeanPixels([usize; 4], DType);

impl Step for MeanPixels {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        let [_, height, width, channels] = self.0;
        let pixels = height * width;
        let share = 1.0 / pixels as f32;
        let gradient = known.gradient.of::<f32>();
        let images = gradient.chunks_exact(channels);
        let spread = images.flat_map(|row| std::iter::repeat_n(row, pixels).flatten());
        let numbers: Vec<f32> = spread.map(|number| number * share).collect();
        Ok(vec![Some(match self.1 {
            DType::BF16 => Buffer::BF16(Buffer::F32(numbers).of()),
            _ => Buffer::F32(numbers),
        })])
    }
}

fn entered<T: Stored>(
    [batch, channels, height, width]: [usize; 4],
    image: &[f32],
) -> Result<Tensor> {
    let pixels = height * width;
    let mut out = zeros::<T>(batch * pixels * (channels + 1));
    let images = out.par_chunks_exact_mut(pixels * (channels + 1));
    images
        .zip(image.par_chunks_exact(pixels * channels))
        .for_each(|(out, image)| {
            for (pixel, out) in out.chunks_exact_mut(channels + 1).enumerate() {
                for (channel, out) in out.iter_mut().enumerate() {
                    let value = image.get(channel * pixels + pixel).copied();
                    *out = <T as Element>::from_f32(value.unwrap_or(1.0));
                }
            }
        });
    let shape = (batch, height, width, channels + 1);
    Ok(Tensor::from_vec(out, shape, &Device::Cpu)?)
}

fn left<T: Stored>([batch, height, width, channels]: [usize; 4], image: &[T]) -> Result<Tensor> {
    let turned: Vec<f32> = turned(image, [batch, height * width, channels]);
    let shape = (batch, channels, height, width);
    Ok(Tensor::from_vec(turned, shape, &Device::Cpu)?)
}

/// From `[batch, rows, columns]` to `[batch, columns, rows]`.
fn turned<A: Stored, B: Stored>(from: &[A], [batch, rows, columns]: [usize; 3]) -> Vec<B> {
    let mut out = zeros::<B>(from.len());
    let size = (rows * columns).max(1);
    debug_assert_eq!(from.len(), batch * rows * columns);
    out.par_chunks_exact_mut(size)
        .zip(from.par_chunks_exact(size))
        .for_each(|(out, from)| {
            for (column, out) in out.chunks_exact_mut(rows).enumerate() {
                for (row, out) in out.iter_mut().enumerate() {
                    *out = <B as Element>::from_f32(Element::to_f32(from[row * columns + column]));
                }
            }
        });
    out
}

/// Of an image of this shape.
struct Entered([usize; 4]);

impl Step for Entered {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        let [batch, channels, height, width] = self.0;
        let pixels = height * width;
        let gradient = known.gradient.of::<f32>();
        let with_ones: Vec<f32> = turned(&gradient, [batch, pixels, channels + 1]);
        let images = with_ones.chunks_exact(pixels * (channels + 1));
        let kept = images.flat_map(|image| &image[..pixels * channels]);
        Ok(vec![Some(Buffer::F32(kept.copied().collect()))])
    }
}

/// Of an image of this shape and type.
struct Left([usize; 4], DType);

impl Step for Left {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        let [batch, height, width, channels] = self.0;
        let gradient = known.gradient.of::<f32>();
        let shape = [batch, channels, height * width];
        Ok(vec![Some(match self.1 {
            DType::BF16 => Buffer::BF16(turned(&gradient, shape)),
            _ => Buffer::F32(turned(&gradient, shape)),
        })])
    }
}
