//! The residual block. Karras et al. 2024, Figure 21.

use candle_core::Tensor;
use foil_tensor::{
    Activation, Epilogue, Residual, cosine_attention, mean_2x2, mp_cat, mp_silu, nearest_2x,
    pixel_norm,
};

use super::{
    Config,
    layer::{Layer, Product, Source},
    plan::{BlockPlan, Place, Resample},
};
use crate::Result;

#[derive(Debug)]
pub(super) struct Block<P> {
    /// Whether a skip connection is concatenated to its input.
    pub(super) takes_skip: bool,
    place: Place,
    resample: Resample,
    balances: Balances,
    clip: Option<f64>,
    embedding: P,
    conv_res0: P,
    conv_res1: P,
    conv_skip: Option<P>,
    attention: Option<Attention<P>>,
}

#[derive(Debug, Clone, Copy)]
struct Balances {
    concat: f64,
    residual: f64,
    attention: f64,
}

#[derive(Debug)]
struct Attention<P> {
    heads: usize,
    qkv: P,
    projection: P,
}

impl<P: Product> Block<P> {
    pub(super) fn new(
        plan: &BlockPlan,
        config: &Config,
        source: &mut impl Source<P>,
    ) -> Result<Self> {
        let BlockPlan { name, outputs, .. } = plan;
        let (outputs, resolution) = (*outputs, plan.resolution);
        let heads = outputs / config.head_channels;
        let embedding = Layer::embedding(
            &format!("{name}.emb_linear"),
            [outputs, config.embedding_channels()],
        )
        .with_gain(&format!("{name}.emb_gain"));
        let part = |part: &str| format!("{name}.{part}");
        let residual_inputs = plan.residual_inputs();
        let qkv = Layer {
            heads: Some(heads),
            ..Layer::pixelwise(&part("attn_qkv"), [3 * outputs, outputs], resolution)
        };
        let projection = Layer::pixelwise(&part("attn_proj"), [outputs, outputs], resolution);
        let skip = Layer::pixelwise(&part("conv_skip"), [outputs, plan.width()], resolution);
        let attention = if plan.attention {
            Some(Attention {
                heads,
                qkv: source.layer(&qkv)?,
                projection: source.layer(&projection)?,
            })
        } else {
            None
        };
        let conv_skip = plan.has_conv_skip().then(|| source.layer(&skip));
        Ok(Self {
            takes_skip: plan.skip > 0,
            place: plan.place,
            resample: plan.resample,
            balances: Balances {
                concat: config.concat_balance,
                residual: config.residual_balance,
                attention: config.attention_balance,
            },
            clip: config.clip,
            embedding: source.layer(&embedding)?,
            conv_res0: source.layer(&Layer::convolution(
                &part("conv_res0"),
                [outputs, residual_inputs],
                resolution,
            ))?,
            conv_res1: source.layer(&Layer::convolution(
                &part("conv_res1"),
                [outputs, outputs],
                resolution,
            ))?,
            conv_skip: conv_skip.transpose()?,
            attention,
        })
    }

    /// `x` `[batch, height, width, inputs]`, the skip connection if there is one, `embedding` `[batch, features]`.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        skip: Option<&Tensor>,
        embedding: &Tensor,
    ) -> Result<Tensor> {
        let (main, entry) = self.enter(x, skip)?;
        let gain = (self.embedding.apply(embedding, &Epilogue::default())? + 1.0)?;
        let modulated = Epilogue {
            gain: Some(&gain),
            activation: Activation::MpSilu,
            ..Epilogue::default()
        };
        let branch = self.conv_res0.apply(&mp_silu(&entry)?, &modulated)?;
        let last = self.attention.is_none();
        let added = Epilogue {
            residual: Some(Residual::mp_sum(&main, self.balances.residual)),
            clip: self.clip.filter(|_| last),
            ..Epilogue::default()
        };
        let x = self.conv_res1.apply(&branch, &added)?;
        match &self.attention {
            None => Ok(x),
            Some(attention) => attention.forward(&x, self.balances.attention, self.clip),
        }
    }

    /// The main path, and what the residual branch begins with.
    fn enter(&self, x: &Tensor, skip: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let mut x = match self.resample {
            Resample::Keep => x.clone(),
            Resample::Down => mean_2x2(x)?,
            Resample::Up => nearest_2x(x)?,
        };
        if let Some(skip) = skip {
            x = mp_cat(&x, skip, self.balances.concat)?;
        }
        let main = match &self.conv_skip {
            None => x.clone(),
            Some(conv_skip) => conv_skip.apply(&x, &Epilogue::default())?,
        };
        match self.place {
            Place::Encoder => {
                let main = pixel_norm(&main)?;
                Ok((main.clone(), main))
            }
            Place::Decoder => Ok((main, x)),
        }
    }
}

impl<P: Product> Attention<P> {
    /// Self-attention between the pixels of `x` `[batch, height, width, channels]`, added to it.
    fn forward(&self, x: &Tensor, balance: f64, clip: Option<f64>) -> Result<Tensor> {
        let (batch, height, width, channels) = x.dims4()?;
        let pixels = x.reshape((batch, height * width, channels))?;
        let qkv = self.qkv.apply(&pixels, &Epilogue::default())?;
        let part = |index: usize| qkv.narrow(2, index * channels, channels);
        let mixed = cosine_attention(&part(0)?, &part(1)?, &part(2)?, self.heads)?;
        let added = Epilogue {
            residual: Some(Residual::mp_sum(&pixels, balance)),
            clip,
            ..Epilogue::default()
        };
        Ok(self.projection.apply(&mixed, &added)?.reshape(x.shape())?)
    }
}
