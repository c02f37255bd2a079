//! Steps that are operations of the vocabulary.

use candle_core::{DType, Device, Tensor};
use foil_kernels::Instructions;
use foil_kernels::attention::{self, Attention, Gradients, Tokens};

use super::{
    Buffer, Traced,
    step::{Operated, Outcome, Step},
};
use crate::{
    activation,
    attention::sizes,
    error::{Named, Result},
    mix::{self, same_but_channels, same_shape},
    normalise,
    operation::{Known, Operation, Stored, View, zeros},
    resample, times,
};

impl Traced {
    pub(super) fn operated<const N: usize>(
        operation: impl Operation<N>,
        inputs: [&Self; N],
    ) -> Result<Self> {
        for input in inputs {
            input.named(operation.name(), "input")?;
        }
        let tensors = inputs.map(Self::value);
        let operated = Operated(operation);
        let value = operated.forward(tensors)?;
        Ok(Self::made(
            value,
            operated,
            inputs.into_iter().cloned().collect(),
        ))
    }

    /// As [`mp_silu`](crate::mp_silu).
    pub fn mp_silu(&self) -> Result<Self> {
        Self::operated(activation::mp_silu_operation(), [self])
    }

    /// As [`mp_sum`](crate::mp_sum).
    pub fn mp_sum(&self, other: &Self, t: f64) -> Result<Self> {
        same_shape("mp_sum", self.value(), other.value())?;
        Self::operated(mix::sum_operation(t), [self, other])
    }

    /// As [`mp_cat`](crate::mp_cat).
    pub fn mp_cat(&self, other: &Self, t: f64) -> Result<Self> {
        let channels = same_but_channels("mp_cat", self.value(), other.value())?;
        Self::operated(mix::concatenation_operation(channels, t), [self, other])
    }

    /// As [`pixel_norm`](crate::pixel_norm).
    pub fn pixel_norm(&self) -> Result<Self> {
        let channels = Named::new("pixel_norm", "input", self.value()).channels(1)?;
        Self::operated(normalise::pixel_norm_operation(channels), [self])
    }

    /// As [`mean_2x2`](crate::mean_2x2).
    pub fn mean_2x2(&self) -> Result<Self> {
        let shape = resample::image("mean_2x2", self.value(), 2)?;
        Self::operated(resample::mean_operation(shape), [self])
    }

    /// As [`nearest_2x`](crate::nearest_2x).
    pub fn nearest_2x(&self) -> Result<Self> {
        let shape = resample::image("nearest_2x", self.value(), 1)?;
        Self::operated(resample::nearest_operation(shape), [self])
    }

    /// [`cosine_attention`](crate::cosine_attention) of `[batch, tokens, 3 · features]`: queries, keys and values side by side.
    pub fn cosine_attention(&self, heads: usize) -> Result<Self> {
        let named = Named::new("cosine_attention", "queries, keys and values", self.value());
        let [batch, tokens, width] = named.dimensions("[batch, tokens, 3 · features]")?;
        if !width.is_multiple_of(3) {
            return Err(named.problem("three times the features"));
        }
        let shape = (batch, tokens, width / 3);
        let part = Tensor::zeros(shape, DType::F32, &Device::Cpu)?;
        let sizes = Attention {
            normalise: Some(normalise::PIXEL_NORM_EPSILON as f32),
            ..sizes("cosine_attention", [&part; 3], heads)?
        };
        Self::operated(SideBySide(sizes), [self])
    }

    /// The same numbers in another shape.
    pub fn reshape(&self, shape: &[usize]) -> Result<Self> {
        let value = self.value().reshape(shape)?;
        Ok(Self::made(value, Reshaped, vec![self.clone()]))
    }

    /// As [`times`](crate::times()).
    pub fn times(&self, factors: Vec<f32>) -> Result<Self> {
        Self::operated(times::operation(self.value(), factors)?, [self])
    }
}

struct Reshaped;

impl Step for Reshaped {
    fn gradients(&self, known: Outcome<'_>) -> Result<Vec<Option<Buffer>>> {
        Ok(vec![Some(known.gradient)])
    }
}

/// Attention whose three inputs are slices of one tensor.
struct SideBySide(Attention);

impl SideBySide {
    fn parts<'a, T>(&self, qkv: &View<'a, T>) -> [Tokens<'a, T>; 3] {
        let features = self.0.heads * self.0.width;
        [0, 1, 2].map(|which| Tokens {
            data: &qkv.data[which * features..],
            stride: 3 * features,
        })
    }
}

impl Operation<1> for SideBySide {
    fn name(&self) -> &'static str {
        "cosine_attention"
    }

    fn forward<T: Stored>(&self, [qkv]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        let [q, k, v] = self.parts(&qkv);
        let shape = vec![self.0.batch, self.0.queries, self.0.heads * self.0.width];
        let mut out = zeros(shape.iter().product());
        attention::forward(Instructions::best(), &self.0, q, k, v, &mut out);
        (out, shape)
    }

    fn backward<T: Stored>(
        &self,
        [qkv]: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        let features = self.0.heads * self.0.width;
        let count = self.0.batch * self.0.queries * features;
        let [mut q, mut k, mut v] = [0; 3].map(|_| zeros::<T>(count));
        let out = &mut Gradients {
            q: &mut q,
            k: &mut k,
            v: &mut v,
        };
        let parts = self.parts(&qkv);
        attention::backward(Instructions::best(), &self.0, parts, known.gradient, out);
        let mut whole = zeros::<T>(3 * count);
        for (which, part) in [q, k, v].iter().enumerate() {
            let rows = whole.chunks_exact_mut(3 * features);
            for (row, part) in rows.zip(part.chunks_exact(features)) {
                row[which * features..][..features].copy_from_slice(part);
            }
        }
        [Some(whole)]
    }
}
