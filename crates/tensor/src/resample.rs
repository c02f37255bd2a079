//! Halving and doubling of images.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    passes::{ImageShape, downsample, downsample_backward, upsample, upsample_backward},
};

use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply1, is_fast, zeros},
};

/// The dimensions of an image whose sides are multiples of `factor`.
pub(crate) fn image(operation: &'static str, x: &Tensor, factor: usize) -> Result<[usize; 4]> {
    let named = Named::new(operation, "input", x);
    let [batch, height, width, channels] = named.dimensions("[batch, height, width, channels]")?;
    if !height.is_multiple_of(factor) || !width.is_multiple_of(factor) {
        return Err(named.problem(format!("height and width must be multiples of {factor}")));
    }
    Ok([batch, height, width, channels])
}

/// The mean of each block of 2×2 pixels: `[batch, height, width, channels]`, both sides even, to half the sides.
pub fn mean_2x2(x: &Tensor) -> Result<Tensor> {
    let shape = image("mean_2x2", x, 2)?;
    if is_fast(&[x]) {
        return apply1(mean_operation(shape), x);
    }
    composed::mean_2x2(x)
}

/// Each pixel four times, as a block of 2×2: `[batch, height, width, channels]` to twice the sides.
pub fn nearest_2x(x: &Tensor) -> Result<Tensor> {
    let shape = image("nearest_2x", x, 1)?;
    if is_fast(&[x]) {
        return apply1(nearest_operation(shape), x);
    }
    composed::nearest_2x(x)
}

/// [`mean_2x2`] on slices.
pub(crate) fn mean_operation(shape: [usize; 4]) -> impl Operation<1> {
    Mean(shape)
}

/// [`nearest_2x`] on slices.
pub(crate) fn nearest_operation(shape: [usize; 4]) -> impl Operation<1> {
    Nearest(shape)
}

fn without_batch([_, height, width, channels]: [usize; 4]) -> ImageShape {
    ImageShape {
        height,
        width,
        channels,
    }
}

/// Of images of this shape.
struct Mean([usize; 4]);

impl Operation<1> for Mean {
    fn name(&self) -> &'static str {
        "mean_2x2"
    }

    fn forward<T: Stored>(&self, [x]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        let [batch, height, width, channels] = self.0;
        let mut out = zeros(x.data.len() / 4);
        downsample(
            Instructions::best(),
            without_batch(self.0),
            x.data,
            &mut out,
        );
        (out, vec![batch, height / 2, width / 2, channels])
    }

    fn backward<T: Stored>(
        &self,
        [x]: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        let mut out = zeros(x.data.len());
        downsample_backward(
            Instructions::best(),
            without_batch(self.0),
            known.gradient,
            &mut out,
        );
        [Some(out)]
    }
}

/// Of images of this shape.
struct Nearest([usize; 4]);

impl Operation<1> for Nearest {
    fn name(&self) -> &'static str {
        "nearest_2x"
    }

    fn forward<T: Stored>(&self, [x]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        let [batch, height, width, channels] = self.0;
        let mut out = zeros(4 * x.data.len());
        upsample(
            Instructions::best(),
            without_batch(self.0),
            x.data,
            &mut out,
        );
        (out, vec![batch, 2 * height, 2 * width, channels])
    }

    fn backward<T: Stored>(
        &self,
        [x]: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        let mut out = zeros(x.data.len());
        upsample_backward(
            Instructions::best(),
            without_batch(self.0),
            known.gradient,
            &mut out,
        );
        [Some(out)]
    }
}
