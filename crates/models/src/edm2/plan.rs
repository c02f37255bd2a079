//! The order of the layers and their widths: what the training form, the packed form and the readers of files share.

use super::Config;

/// Which half of the network a block belongs to. An encoder block normalises each pixel at its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before the lowest resolution is left.
    Encoder,
    /// After it.
    Decoder,
}

/// What a block does with its input first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resample {
    /// Nothing.
    Keep,
    /// Means over 2×2 pixels.
    Down,
    /// Each pixel becomes 2×2.
    Up,
}

/// One residual block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockPlan {
    /// As published: `enc.64x64_block0`.
    pub name: String,
    /// Its half.
    pub place: Place,
    /// Its first step.
    pub resample: Resample,
    /// Channels of what comes from the block before.
    pub inputs: usize,
    /// Channels of the skip connection that is concatenated; 0 is none.
    pub skip: usize,
    /// Channels of its result.
    pub outputs: usize,
    /// Height and width of its result.
    pub resolution: usize,
    /// Whether self-attention follows.
    pub attention: bool,
}

impl BlockPlan {
    /// Channels at the entry, skip connection included.
    pub fn width(&self) -> usize {
        self.inputs + self.skip
    }

    /// Channels that the first 3×3 convolution sees: an encoder block changes the width before it.
    pub fn residual_inputs(&self) -> usize {
        match self.place {
            Place::Encoder => self.outputs,
            Place::Decoder => self.width(),
        }
    }

    /// Whether a 1×1 convolution changes the width of the main path.
    pub fn has_conv_skip(&self) -> bool {
        self.width() != self.outputs
    }

    /// Names and shapes of its tensors, as published.
    fn tensors(&self, embedding: usize) -> Vec<(String, Vec<usize>)> {
        let (outputs, name) = (self.outputs, &self.name);
        let tensor = |part: &str, shape: &[usize]| (format!("unet.{name}.{part}"), shape.to_vec());
        let mut tensors = vec![
            tensor("emb_gain", &[]),
            tensor("conv_res0.weight", &[outputs, self.residual_inputs(), 3, 3]),
            tensor("emb_linear.weight", &[outputs, embedding]),
            tensor("conv_res1.weight", &[outputs, outputs, 3, 3]),
        ];
        if self.has_conv_skip() {
            tensors.push(tensor("conv_skip.weight", &[outputs, self.width(), 1, 1]));
        }
        if self.attention {
            tensors.push(tensor("attn_qkv.weight", &[3 * outputs, outputs, 1, 1]));
            tensors.push(tensor("attn_proj.weight", &[outputs, outputs, 1, 1]));
        }
        tensors
    }
}

/// The whole network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Name of the first convolution.
    pub input: String,
    /// After the first convolution. The result of each, and of the first convolution, becomes a skip connection.
    pub encoder: Vec<BlockPlan>,
    /// Skip connections are taken from the last to the first.
    pub decoder: Vec<BlockPlan>,
}

impl Plan {
    /// Of a configuration that has been checked.
    pub(super) fn new(config: &Config) -> Self {
        let (encoder, mut skips) = encoder(config);
        let decoder = decoder(config, &mut skips);
        let resolution = config.resolution;
        Self {
            input: format!("enc.{resolution}x{resolution}_conv"),
            encoder,
            decoder,
        }
    }

    /// All blocks in the order in which they run.
    pub fn blocks(&self) -> impl Iterator<Item = &BlockPlan> {
        self.encoder.iter().chain(&self.decoder)
    }

    /// Channels after the first convolution.
    pub fn first_width(&self, config: &Config) -> usize {
        config.channel_multipliers[0] * config.model_channels
    }

    /// Channels before the last convolution.
    pub fn last_width(&self, config: &Config) -> usize {
        let last = self.decoder.last().map(|block| block.outputs);
        last.unwrap_or_else(|| self.first_width(config))
    }

    /// Names and shapes of all tensors, as published: parameters and the fixed Fourier features.
    pub fn tensors(&self, config: &Config) -> Vec<(String, Vec<usize>)> {
        let (noise, embedding) = (config.noise_channels(), config.embedding_channels());
        let first = self.first_width(config);
        let tensor = |name: &str, shape: &[usize]| (name.to_owned(), shape.to_vec());
        let mut tensors = vec![
            tensor("unet.out_gain", &[]),
            tensor("unet.emb_fourier.freqs", &[noise]),
            tensor("unet.emb_fourier.phases", &[noise]),
            tensor("unet.emb_noise.weight", &[embedding, noise]),
        ];
        if config.labels > 0 {
            tensors.push(tensor("unet.emb_label.weight", &[embedding, config.labels]));
        }
        let input = format!("unet.{}.weight", self.input);
        tensors.push((input, vec![first, config.channels + 1, 3, 3]));
        tensors.extend(self.blocks().flat_map(|block| block.tensors(embedding)));
        let last = self.last_width(config);
        tensors.push(tensor(
            "unet.out_conv.weight",
            &[config.channels, last, 3, 3],
        ));
        if config.uncertainty_channels > 0 {
            let features = config.uncertainty_channels;
            tensors.push(tensor("logvar_fourier.freqs", &[features]));
            tensors.push(tensor("logvar_fourier.phases", &[features]));
            tensors.push(tensor("logvar_linear.weight", &[1, features]));
        }
        tensors
    }

    /// Whether a tensor of this name is fixed from the start and never trained: the Fourier features.
    pub fn is_fixed(name: &str) -> bool {
        name.contains("_fourier.")
    }

    /// How many numbers are trained: all but the Fourier features.
    pub fn parameters(&self, config: &Config) -> usize {
        let trained = self
            .tensors(config)
            .into_iter()
            .filter(|(name, _)| !Self::is_fixed(name));
        trained
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }
}

fn encoder(config: &Config) -> (Vec<BlockPlan>, Vec<usize>) {
    let mut blocks = Vec::new();
    let mut width = config.model_channels * config.channel_multipliers[0];
    let mut skips = vec![width];
    for (level, multiplier) in config.channel_multipliers.iter().enumerate() {
        let resolution = config.resolution >> level;
        let block = |part: &str, resample, inputs, outputs| BlockPlan {
            name: format!("enc.{resolution}x{resolution}_{part}"),
            place: Place::Encoder,
            resample,
            inputs,
            skip: 0,
            outputs,
            resolution,
            attention: resample == Resample::Keep
                && config.attention_resolutions.contains(&resolution),
        };
        if level > 0 {
            blocks.push(block("down", Resample::Down, width, width));
            skips.push(width);
        }
        let outputs = config.model_channels * multiplier;
        for index in 0..config.blocks {
            blocks.push(block(
                &format!("block{index}"),
                Resample::Keep,
                width,
                outputs,
            ));
            width = outputs;
            skips.push(width);
        }
    }
    (blocks, skips)
}

fn decoder(config: &Config, skips: &mut Vec<usize>) -> Vec<BlockPlan> {
    let mut blocks = Vec::new();
    let lowest = config.channel_multipliers.len() - 1;
    let mut width = skips.last().copied().unwrap_or(0);
    for (level, multiplier) in config.channel_multipliers.iter().enumerate().rev() {
        let resolution = config.resolution >> level;
        let attends = config.attention_resolutions.contains(&resolution);
        let block = |part: &str, resample, inputs, skip, outputs, attention| BlockPlan {
            name: format!("dec.{resolution}x{resolution}_{part}"),
            place: Place::Decoder,
            resample,
            inputs,
            skip,
            outputs,
            resolution,
            attention,
        };
        if level == lowest {
            // The first block of the lowest resolution attends whatever the configuration says.
            blocks.push(block("in0", Resample::Keep, width, 0, width, true));
            blocks.push(block("in1", Resample::Keep, width, 0, width, false));
        } else {
            blocks.push(block("up", Resample::Up, width, 0, width, false));
        }
        let outputs = config.model_channels * multiplier;
        for index in 0..=config.blocks {
            let skip = skips.pop().unwrap_or(0);
            let part = format!("block{index}");
            blocks.push(block(&part, Resample::Keep, width, skip, outputs, attends));
            width = outputs;
        }
    }
    blocks
}
