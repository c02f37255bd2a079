//! One number for each window of an image and each channel. Results have no gradient: no network that is trained here has pools.

use candle_core::{DType, Device, Tensor};
use foil_kernels::{
    Instructions, bf16,
    convolution::Image,
    passes::{self, Pooling},
};

use crate::{
    composed,
    error::{Named, Result},
    operation::{Stored, is_fast, with_slice, zeros},
};

/// Square windows: their sides, the step from one to the next, and how far they reach beyond the image, at most half of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Sides.
    pub size: usize,
    /// From one to the next.
    pub stride: usize,
    /// Beyond the image.
    pub padding: usize,
}

/// The largest number of each window: `[batch, height, width, channels]` to
/// `[batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels]`.
pub fn max_pool(x: &Tensor, window: Window) -> Result<Tensor> {
    pool("max_pool", x, window, Pooling::Max)
}

/// The mean of each window's pixels inside the image; shapes as of [`max_pool`].
pub fn mean_pool(x: &Tensor, window: Window) -> Result<Tensor> {
    pool("mean_pool", x, window, Pooling::Mean)
}

fn pool(operation: &'static str, x: &Tensor, window: Window, pooling: Pooling) -> Result<Tensor> {
    let sizes = sizes(operation, x, window, pooling)?;
    if !is_fast(&[x]) {
        return Ok(composed::pool(&sizes, x)?.detach());
    }
    let x = x.contiguous()?;
    match x.dtype() {
        DType::BF16 => sizes.of::<bf16>(&x),
        _ => sizes.of::<f32>(&x),
    }
}

/// What a pool's tensors say.
pub(crate) struct Sizes {
    pub(crate) shape: passes::Pool,
    pub(crate) image: Image,
    pub(crate) channels: usize,
    pub(crate) output: Image,
}

/// Checked once.
pub(crate) fn sizes(
    operation: &'static str,
    x: &Tensor,
    window: Window,
    pooling: Pooling,
) -> Result<Sizes> {
    let named = Named::new(operation, "input", x);
    let [batch, height, width, channels] = named.dimensions("[batch, height, width, channels]")?;
    let shape = passes::Pool {
        pooling,
        window: window.size,
        stride: window.stride,
        padding: window.padding,
    };
    let image = Image {
        batch,
        height,
        width,
    };
    let output = shape.output_size(image).ok_or_else(|| {
        let Window {
            size,
            stride,
            padding,
        } = window;
        named.problem(format!(
            "nothing comes out of windows of {size} at steps of {stride} with padding {padding}"
        ))
    })?;
    Ok(Sizes {
        shape,
        image,
        channels,
        output,
    })
}

impl Sizes {
    fn of<T: Stored>(&self, x: &Tensor) -> Result<Tensor> {
        let Image {
            batch,
            height,
            width,
        } = self.output;
        let mut out = zeros::<T>(self.output.pixels() * self.channels);
        with_slice(x, |x: &[T]| {
            let instructions = Instructions::best();
            passes::pool(
                instructions,
                self.shape,
                self.image,
                self.channels,
                x,
                &mut out,
            );
        })?;
        let shape = (batch, height, width, self.channels);
        Ok(Tensor::from_vec(out, shape, &Device::Cpu)?)
    }
}
