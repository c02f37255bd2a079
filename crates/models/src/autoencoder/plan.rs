//! The layers of both halves in the order in which they run: what lists the expected tensors also builds the network.
//!
//! Neither half has skip connections: each is a plain list of steps. Names are those of diffusers.

use super::Config;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A 1×1 convolution.
    Pointwise,
    /// A 3×3 convolution.
    Convolution,
    /// Normalised groups of channels and SiLU.
    Norm,
    /// A residual block of two convolutions.
    Block,
    /// Self-attention of one head over all pixels.
    Attention,
    /// Halves the sides.
    Down,
    /// Doubles the sides.
    Up,
}

/// One layer or block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// What its tensors' names begin with.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Sides of the image that its convolutions read, relative to the latent's.
    pub(super) scale: usize,
}

impl Step {
    /// Names and shapes of its tensors.
    pub(super) fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let mut tensors = Vec::new();
        let mut layer = |part: &str, shape: &[usize]| {
            let name = format!("{}{part}", self.name);
            tensors.push((format!("{name}.weight"), shape.to_vec()));
            tensors.push((format!("{name}.bias"), shape[..1].to_vec()));
        };
        match self.kind {
            Kind::Pointwise => layer("", &[outputs, inputs, 1, 1]),
            Kind::Convolution | Kind::Down | Kind::Up => layer("", &[outputs, inputs, 3, 3]),
            Kind::Norm => layer("", &[inputs]),
            Kind::Block => {
                layer(".norm1", &[inputs]);
                layer(".conv1", &[outputs, inputs, 3, 3]);
                layer(".norm2", &[outputs]);
                layer(".conv2", &[outputs, outputs, 3, 3]);
                if self.has_shortcut() {
                    layer(".conv_shortcut", &[outputs, inputs, 1, 1]);
                }
            }
            Kind::Attention => {
                layer(".group_norm", &[inputs]);
                for part in [".to_q", ".to_k", ".to_v", ".to_out.0"] {
                    layer(part, &[inputs, inputs]);
                }
            }
        }
        tensors
    }

    /// Whether a block's main path changes its width.
    pub(super) fn has_shortcut(&self) -> bool {
        self.inputs != self.outputs
    }
}

/// Steps so far, and what the next one gets.
struct Path {
    steps: Vec<Step>,
    width: usize,
    scale: usize,
}

impl Path {
    fn to(&mut self, name: impl Into<String>, kind: Kind, outputs: usize) {
        if kind == Kind::Up {
            self.scale *= 2;
        }
        self.steps.push(Step {
            name: name.into(),
            kind,
            inputs: self.width,
            outputs,
            scale: self.scale,
        });
        self.width = outputs;
        if kind == Kind::Down {
            self.scale /= 2;
        }
    }

    fn keep(&mut self, name: impl Into<String>, kind: Kind) {
        self.to(name, kind, self.width);
    }

    fn middle(&mut self, half: &str) {
        self.keep(format!("{half}.mid_block.resnets.0"), Kind::Block);
        self.keep(format!("{half}.mid_block.attentions.0"), Kind::Attention);
        self.keep(format!("{half}.mid_block.resnets.1"), Kind::Block);
    }

    fn out(&mut self, half: &str, outputs: usize) {
        self.keep(format!("{half}.conv_norm_out"), Kind::Norm);
        self.to(format!("{half}.conv_out"), Kind::Convolution, outputs);
    }
}

/// From images to mean and logarithm of the variance.
pub(super) fn encoder(config: &Config) -> Vec<Step> {
    let widths = config.widths();
    let mut path = Path {
        steps: Vec::new(),
        width: config.image_channels,
        scale: config.scale(),
    };
    path.to("encoder.conv_in", Kind::Convolution, widths[0]);
    for (level, &width) in widths.iter().enumerate() {
        let name = format!("encoder.down_blocks.{level}");
        for block in 0..config.blocks {
            path.to(format!("{name}.resnets.{block}"), Kind::Block, width);
        }
        if level + 1 < widths.len() {
            path.keep(format!("{name}.downsamplers.0.conv"), Kind::Down);
        }
    }
    path.middle("encoder");
    path.out("encoder", 2 * config.latent_channels);
    path.keep("quant_conv", Kind::Pointwise);
    path.steps
}

/// From latents to images. Levels are counted from the lowest resolution.
pub(super) fn decoder(config: &Config) -> Vec<Step> {
    let widths = config.widths();
    let mut path = Path {
        steps: Vec::new(),
        width: config.latent_channels,
        scale: 1,
    };
    path.keep("post_quant_conv", Kind::Pointwise);
    path.to(
        "decoder.conv_in",
        Kind::Convolution,
        widths[widths.len() - 1],
    );
    path.middle("decoder");
    for (level, &width) in widths.iter().rev().enumerate() {
        let name = format!("decoder.up_blocks.{level}");
        for block in 0..=config.blocks {
            path.to(format!("{name}.resnets.{block}"), Kind::Block, width);
        }
        if level + 1 < widths.len() {
            path.keep(format!("{name}.upsamplers.0.conv"), Kind::Up);
        }
    }
    path.out("decoder", config.image_channels);
    path.steps
}
