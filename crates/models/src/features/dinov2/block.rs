//! A block of the transformer: attention, then a perceptron, each of normalised tokens and added to them. Dosovitskiy et al. 2020; the outputs
//! of both are scaled for each channel (Touvron et al. 2021, *Going deeper with image transformers*), which is part of the weights here.

use candle_core::{D, DType, Tensor};
use foil_tensor::attention;

use super::{
    HEAD,
    layers::{Linear, Norm, numbers},
    names::Layout,
};
use crate::{Result, Weights};

/// One block, packed.
#[derive(Debug)]
pub(super) struct Block {
    dtype: DType,
    norm_of_attention: Norm,
    queries: Linear,
    /// Both in one product: all tokens have keys and values, but not all need queries.
    keys_values: Linear,
    projection: Linear,
    norm_of_perceptron: Norm,
    expand: Linear,
    contract: Linear,
}

impl Block {
    /// Of weights that were checked.
    pub(super) fn new(
        weights: &Weights,
        layout: &Layout,
        block: usize,
        dtype: DType,
    ) -> Result<Self> {
        let name = |part: &str| layout.in_block(block, part);
        let [attention, perceptron] = layout.scales.map(name);
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for layer in layout.attention(block) {
            let [rows, shifts] = numbers(weights, &layer)?;
            weight.extend(rows);
            bias.extend(shifts);
        }
        let keys_values = Linear::new(
            weight.split_off(weight.len() / 3),
            bias.split_off(bias.len() / 3),
            dtype,
        )?;
        Ok(Self {
            dtype,
            norm_of_attention: Norm::read(weights, &name("norm1"))?,
            queries: Linear::new(weight, bias, dtype)?,
            keys_values,
            projection: Linear::scaled(weights, &name(layout.projection), &attention, dtype)?,
            norm_of_perceptron: Norm::read(weights, &name("norm2"))?,
            expand: Linear::read(weights, &name("mlp.fc1"), dtype)?,
            contract: Linear::scaled(weights, &name("mlp.fc2"), &perceptron, dtype)?,
        })
    }

    /// `[images, tokens, width]`, in single precision, to the first `kept` tokens, `[images, kept, width]`.
    pub(super) fn forward(&self, x: &Tensor, kept: usize) -> Result<Tensor> {
        let width = x.dim(D::Minus1)?;
        let normed = self.norm_of_attention.forward(x)?.to_dtype(self.dtype)?;
        let queries = self.queries.forward(&normed.narrow(1, 0, kept)?)?;
        let both = self.keys_values.forward(&normed)?;
        let keys = both.narrow(D::Minus1, 0, width)?;
        let values = both.narrow(D::Minus1, width, width)?;
        let attended = attention(&queries, &keys, &values, width / HEAD)?;
        let x = self
            .projection
            .added_to(&x.narrow(1, 0, kept)?, &attended)?;
        let normed = self.norm_of_perceptron.forward(&x)?.to_dtype(self.dtype)?;
        let hidden = self.expand.with_gelu(&normed)?;
        self.contract.added_to(&x, &hidden)
    }
}
