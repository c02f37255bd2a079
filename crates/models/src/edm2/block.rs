//! The residual block. Karras et al. 2024, Figure 21.

use super::{
    Config,
    alteration::{Alteration, Grid},
    layer::{Layer, Mix, Product, Source},
    plan::{BlockPlan, Place, Resample},
    value::Value,
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

/// What a block is told besides the image.
pub(super) struct Conditions<'a, V> {
    /// `[batch, features]`
    pub embedding: &'a V,
    pub alteration: &'a dyn Alteration<V>,
    /// Blocks before this one.
    pub block: usize,
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

    /// `x` `[batch, height, width, inputs]`, and the skip connection if there is one.
    pub(super) fn forward(
        &self,
        x: &P::Value,
        skip: Option<&P::Value>,
        conditions: &Conditions<'_, P::Value>,
    ) -> Result<P::Value> {
        let (main, entry) = self.enter(x, skip)?;
        let Conditions {
            embedding,
            alteration,
            block,
        } = *conditions;
        if alteration.skips(block) {
            return Ok(main);
        }
        let shift = self.embedding.apply(embedding)?;
        let branch = self.conv_res0.modulated(&entry.mp_silu()?, &shift)?;
        let branch = alteration.branch(block, branch)?;
        let last = self.attention.is_none();
        let mix = Mix {
            residual: &main,
            t: self.balances.residual,
            clip: self.clip.filter(|_| last),
        };
        let x = self.conv_res1.mixed(&branch, mix)?;
        match &self.attention {
            None => Ok(x),
            Some(attention) => {
                let mixed = attention.attend(&x, conditions)?;
                let mix = Mix {
                    residual: &x,
                    t: self.balances.attention,
                    clip: self.clip,
                };
                attention.projection.mixed(&mixed, mix)
            }
        }
    }

    /// The main path, and what the residual branch begins with.
    fn enter(&self, x: &P::Value, skip: Option<&P::Value>) -> Result<(P::Value, P::Value)> {
        let mut x = match self.resample {
            Resample::Keep => x.clone(),
            Resample::Down => x.mean_2x2()?,
            Resample::Up => x.nearest_2x()?,
        };
        if let Some(skip) = skip {
            x = x.mp_cat(skip, self.balances.concat)?;
        }
        let main = match &self.conv_skip {
            None => x.clone(),
            Some(conv_skip) => conv_skip.apply(&x)?,
        };
        match self.place {
            Place::Encoder => {
                let main = main.pixel_norm()?;
                Ok((main.clone(), main))
            }
            Place::Decoder => Ok((main, x)),
        }
    }
}

impl<P: Product> Attention<P> {
    /// Self-attention between the pixels of `x` `[batch, height, width, channels]`, before its projection.
    fn attend(&self, x: &P::Value, conditions: &Conditions<'_, P::Value>) -> Result<P::Value> {
        let (batch, height, width, channels) = x.tensor().dims4()?;
        let pixels = x.reshape(&[batch, height * width, channels])?;
        let grid = Grid {
            heads: self.heads,
            height,
            width,
        };
        let qkv = self.qkv.apply(&pixels)?;
        let mixed = conditions
            .alteration
            .attention(conditions.block, &qkv, grid)?;
        Ok(mixed.reshape(x.tensor().dims())?)
    }
}
