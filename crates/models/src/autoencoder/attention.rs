//! Self-attention over all pixels, with one head as wide as the image has channels.

use candle_core::Tensor;
use foil_tensor::{Epilogue, PackedLinear, Residual, attention};

use super::layers::{Norm, Source};
use crate::Result;

/// x + out(attention(norm(x))).
#[derive(Debug)]
pub(super) struct Attention {
    norm: Norm,
    /// Queries, keys and values in one product.
    inputs: PackedLinear,
    inputs_bias: Tensor,
    output: PackedLinear,
    output_bias: Tensor,
}

impl Attention {
    pub(super) fn new(source: Source<'_>, name: &str) -> Result<Self> {
        let parts = ["to_q", "to_k", "to_v"].map(|part| format!("{name}.{part}"));
        let weights = parts
            .iter()
            .map(|part| source.tensor(&format!("{part}.weight")))
            .collect::<Result<Vec<_>>>()?;
        let biases = parts
            .iter()
            .map(|part| source.bias(part))
            .collect::<Result<Vec<_>>>()?;
        let output = format!("{name}.to_out.0");
        Ok(Self {
            norm: Norm::new(source, &format!("{name}.group_norm"))?,
            inputs: PackedLinear::new(&Tensor::cat(&weights, 0)?)?,
            inputs_bias: Tensor::cat(&biases, 0)?,
            output: PackedLinear::new(&source.tensor(&format!("{output}.weight"))?)?,
            output_bias: source.bias(&output)?,
        })
    }

    /// `[batch, height, width, channels]` to the same.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, height, width, channels) = x.dims4()?;
        let tokens = (batch, height * width, channels);
        let inputs = self.inputs.forward(
            &self.norm.forward(x)?.reshape(tokens)?,
            &Epilogue {
                bias: Some(&self.inputs_bias),
                ..Epilogue::default()
            },
        )?;
        let part = |index: usize| inputs.narrow(2, index * channels, channels);
        let attended = attention(&part(0)?, &part(1)?, &part(2)?, 1)?;
        let epilogue = Epilogue {
            bias: Some(&self.output_bias),
            residual: Some(Residual::sum(x)),
            ..Epilogue::default()
        };
        Ok(self
            .output
            .forward(&attended.reshape(x.shape())?, &epilogue)?)
    }
}
