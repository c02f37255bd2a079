//! What flows through a network: tensors, or values that remember how they were made so that gradients can go back.

use candle_core::{DType, Tensor};
use foil_tensor::{Result, cosine_attention, traced::Traced};

/// What the network does with activations besides multiplying them by weights. Each is an operation of `foil-tensor`.
pub trait Value: Clone {
    /// A number of the network that is not trained.
    fn constant(tensor: Tensor) -> Self;
    /// Its numbers.
    fn tensor(&self) -> &Tensor;
    /// silu(x) / 0.596.
    fn mp_silu(&self) -> Result<Self>;
    /// The sum that keeps the magnitude.
    fn mp_sum(&self, other: &Self, t: f64) -> Result<Self>;
    /// The concatenation of channels that keeps the magnitude.
    fn mp_cat(&self, other: &Self, t: f64) -> Result<Self>;
    /// Every pixel to magnitude 1.
    fn pixel_norm(&self) -> Result<Self>;
    /// Means over 2×2 pixels.
    fn mean_2x2(&self) -> Result<Self>;
    /// Each pixel as 2×2.
    fn nearest_2x(&self) -> Result<Self>;
    /// Of queries, keys and values side by side, `[batch, tokens, 3 · features]`.
    fn cosine_attention(&self, heads: usize) -> Result<Self>;
    /// The same numbers in another shape.
    fn reshape(&self, shape: &[usize]) -> Result<Self>;
    /// `[batch, height, width, channels]` to `[batch, channels]` in `f32`.
    fn mean_pixels(&self) -> Result<Self>;
    /// Each number times a factor of its own.
    fn times(&self, factors: Vec<f32>) -> Result<Self>;
    /// `[batch, channels, height, width]` in `f32` to channels last in another type, with a channel of ones.
    fn enter(&self, dtype: DType) -> Result<Self>;
    /// Channels last to `[batch, channels, height, width]` in `f32`.
    fn leave(&self) -> Result<Self>;
}

impl Value for Tensor {
    fn constant(tensor: Tensor) -> Self {
        tensor
    }

    fn tensor(&self) -> &Tensor {
        self
    }

    fn mp_silu(&self) -> Result<Self> {
        foil_tensor::mp_silu(self)
    }

    fn mp_sum(&self, other: &Self, t: f64) -> Result<Self> {
        foil_tensor::mp_sum(self, other, t)
    }

    fn mp_cat(&self, other: &Self, t: f64) -> Result<Self> {
        foil_tensor::mp_cat(self, other, t)
    }

    fn pixel_norm(&self) -> Result<Self> {
        foil_tensor::pixel_norm(self)
    }

    fn mean_2x2(&self) -> Result<Self> {
        foil_tensor::mean_2x2(self)
    }

    fn nearest_2x(&self) -> Result<Self> {
        foil_tensor::nearest_2x(self)
    }

    fn cosine_attention(&self, heads: usize) -> Result<Self> {
        let features = self.dim(2)? / 3;
        let part = |index: usize| self.narrow(2, index * features, features);
        cosine_attention(&part(0)?, &part(1)?, &part(2)?, heads)
    }

    fn reshape(&self, shape: &[usize]) -> Result<Self> {
        Ok(self.reshape(shape)?)
    }

    fn mean_pixels(&self) -> Result<Self> {
        Ok(self.to_dtype(DType::F32)?.mean((1, 2))?)
    }

    fn times(&self, factors: Vec<f32>) -> Result<Self> {
        foil_tensor::times(self, factors)
    }

    fn enter(&self, dtype: DType) -> Result<Self> {
        let (batch, _, height, width) = self.dims4()?;
        let ones = Tensor::ones((batch, 1, height, width), self.dtype(), self.device())?;
        let with_ones = Tensor::cat(&[self, &ones], 1)?.permute((0, 2, 3, 1))?;
        Ok(with_ones.to_dtype(dtype)?.contiguous()?)
    }

    fn leave(&self) -> Result<Self> {
        let image = self.permute((0, 3, 1, 2))?.to_dtype(DType::F32)?;
        Ok(image.contiguous()?)
    }
}

impl Value for Traced {
    fn constant(tensor: Tensor) -> Self {
        Self::constant(tensor)
    }

    fn tensor(&self) -> &Tensor {
        self.value()
    }

    fn mp_silu(&self) -> Result<Self> {
        self.mp_silu()
    }

    fn mp_sum(&self, other: &Self, t: f64) -> Result<Self> {
        self.mp_sum(other, t)
    }

    fn mp_cat(&self, other: &Self, t: f64) -> Result<Self> {
        self.mp_cat(other, t)
    }

    fn pixel_norm(&self) -> Result<Self> {
        self.pixel_norm()
    }

    fn mean_2x2(&self) -> Result<Self> {
        self.mean_2x2()
    }

    fn nearest_2x(&self) -> Result<Self> {
        self.nearest_2x()
    }

    fn cosine_attention(&self, heads: usize) -> Result<Self> {
        self.cosine_attention(heads)
    }

    fn reshape(&self, shape: &[usize]) -> Result<Self> {
        self.reshape(shape)
    }

    fn mean_pixels(&self) -> Result<Self> {
        self.mean_pixels()
    }

    fn times(&self, factors: Vec<f32>) -> Result<Self> {
        self.times(factors)
    }

    fn enter(&self, dtype: DType) -> Result<Self> {
        self.enter(dtype)
    }

    fn leave(&self) -> Result<Self> {
        self.leave()
    }
}
