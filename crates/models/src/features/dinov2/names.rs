//! The layouts in which the same weights are published: the authors', as torch's hub fetches it, and that of transformers, in which queries,
//! keys and values are layers of their own.

use crate::{Result, Weights};

/// What a layout calls the parts of the network.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) class: &'static str,
    /// Took the place of patches while the network was trained, and is read by nobody.
    pub(super) mask: &'static str,
    pub(super) positions: &'static str,
    pub(super) patches: &'static str,
    pub(super) norm: &'static str,
    /// What precedes a block's number.
    blocks: &'static str,
    /// Layers that make queries, keys and values, in this order, of a block.
    attention: &'static [&'static str],
    /// Of a block.
    pub(super) projection: &'static str,
    /// What attention and perceptron are multiplied by, of a block.
    pub(super) scales: [&'static str; 2],
    /// Tokens that only larger files have.
    registers: &'static str,
    /// First layer of a gated perceptron, of a block.
    gated: &'static str,
}

const HUB: Layout = Layout {
    class: "cls_token",
    mask: "mask_token",
    positions: "pos_embed",
    patches: "patch_embed.proj",
    norm: "norm",
    blocks: "blocks",
    attention: &["attn.qkv"],
    projection: "attn.proj",
    scales: ["ls1.gamma", "ls2.gamma"],
    registers: "register_tokens",
    gated: "mlp.w12",
};

const TRANSFORMERS: Layout = Layout {
    class: "embeddings.cls_token",
    mask: "embeddings.mask_token",
    positions: "embeddings.position_embeddings",
    patches: "embeddings.patch_embeddings.projection",
    norm: "layernorm",
    blocks: "encoder.layer",
    attention: &[
        "attention.attention.query",
        "attention.attention.key",
        "attention.attention.value",
    ],
    projection: "attention.output.dense",
    scales: ["layer_scale1.lambda1", "layer_scale2.lambda1"],
    registers: "embeddings.register_tokens",
    gated: "mlp.weights_in",
};

impl Layout {
    /// Of a network that can be read.
    pub(super) fn of(weights: &Weights) -> Result<&'static Self> {
        let has = |name: &str| weights.get(name).is_ok();
        let layout = [&HUB, &TRANSFORMERS]
            .into_iter()
            .find(|layout| has(layout.class));
        let Some(layout) = layout else {
            return Err(weights.wrong(format!(
                "no DINOv2: neither {} nor {}",
                HUB.class, TRANSFORMERS.class
            )));
        };
        if has(layout.registers) {
            let problem = "DINOv2 with register tokens, which is another network";
            return Err(weights.wrong(problem.to_owned()));
        }
        if has(&format!("{}.weight", layout.in_block(0, layout.gated))) {
            let problem = "DINOv2 with gated perceptrons (ViT-g), which is another network";
            return Err(weights.wrong(problem.to_owned()));
        }
        Ok(layout)
    }

    /// The whole name of a block's part.
    pub(super) fn in_block(&self, block: usize, part: &str) -> String {
        format!("{}.{block}.{part}", self.blocks)
    }

    /// The layers that make queries, keys and values, in this order, one or three.
    pub(super) fn attention(&self, block: usize) -> impl ExactSizeIterator<Item = String> {
        let names = self.attention.iter();
        names.map(move |part| self.in_block(block, part))
    }

    /// The number in the name of a block's tensor.
    pub(super) fn block_of(&self, name: &str) -> Option<usize> {
        let rest = name.strip_prefix(self.blocks)?.strip_prefix('.')?;
        rest.split('.').next()?.parse().ok()
    }
}
