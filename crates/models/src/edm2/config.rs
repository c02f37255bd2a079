//! What has to be known to build the network, and the published sizes.

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::{Error, Result};

/// The network's description, with the published defaults for whatever a file leaves out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Height and width of an image, in pixels or latents.
    pub resolution: usize,
    /// Channels of an image.
    pub channels: usize,
    /// Number of classes; 0 is an unconditional network.
    pub labels: usize,
    /// Channels at the highest resolution.
    pub model_channels: usize,
    /// Channels of each level relative to `model_channels`; each level has half the resolution of the one before.
    pub channel_multipliers: Vec<usize>,
    /// Fourier features of the noise level relative to `model_channels`; the first level's multiplier if left out.
    pub noise_multiplier: Option<usize>,
    /// Channels of the embedding relative to `model_channels`; the largest multiplier if left out.
    pub embedding_multiplier: Option<usize>,
    /// Blocks of each encoder level; the decoder has one more.
    pub blocks: usize,
    /// Resolutions whose blocks have self-attention.
    pub attention_resolutions: Vec<usize>,
    /// Channels of an attention head.
    pub head_channels: usize,
    /// Share of the label in the embedding.
    pub label_balance: f64,
    /// Share of the skip connection in a concatenation.
    pub concat_balance: f64,
    /// Share of a residual branch.
    pub residual_balance: f64,
    /// Share of an attention branch.
    pub attention_balance: f64,
    /// Activations are limited to −clip … clip at the end of each block.
    pub clip: Option<f64>,
    /// Probability of dropout in training.
    pub dropout: f64,
    /// Standard deviation of the data.
    pub sigma_data: f64,
    /// Fourier features of the uncertainty head; 0 is no head.
    pub uncertainty_channels: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            resolution: 64,
            channels: 4,
            labels: 1000,
            model_channels: 192,
            channel_multipliers: vec![1, 2, 3, 4],
            noise_multiplier: None,
            embedding_multiplier: None,
            blocks: 3,
            attention_resolutions: vec![16, 8],
            head_channels: 64,
            label_balance: 0.5,
            concat_balance: 0.5,
            residual_balance: 0.3,
            attention_balance: 0.3,
            clip: Some(256.0),
            dropout: 0.0,
            sigma_data: 0.5,
            uncertainty_channels: 128,
        }
    }
}

/// The published sizes. EDM2, Table 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 64 channels; a training preset only.
    Xxs,
    /// 128 channels.
    Xs,
    /// 192 channels.
    S,
    /// 256 channels.
    M,
    /// 320 channels.
    L,
    /// 384 channels.
    Xl,
    /// 448 channels.
    Xxl,
}

impl Size {
    /// All of them by their names.
    pub const NAMED: [(&str, Self); 7] = [
        ("xxs", Self::Xxs),
        ("xs", Self::Xs),
        ("s", Self::S),
        ("m", Self::M),
        ("l", Self::L),
        ("xl", Self::Xl),
        ("xxl", Self::Xxl),
    ];

    /// Channels at the highest resolution.
    pub fn model_channels(self) -> usize {
        match self {
            Self::Xxs => 64,
            Self::Xs => 128,
            Self::S => 192,
            Self::M => 256,
            Self::L => 320,
            Self::Xl => 384,
            Self::Xxl => 448,
        }
    }
}

impl Config {
    /// A network on 64×64 latents of four channels, for images of 512×512 pixels.
    pub fn latents(size: Size, labels: usize) -> Self {
        Self {
            channels: 4,
            labels,
            model_channels: size.model_channels(),
            ..Self::default()
        }
    }

    /// A network on 64×64 pixels.
    pub fn pixels(size: Size, labels: usize) -> Self {
        Self {
            channels: 3,
            ..Self::latents(size, labels)
        }
    }

    /// Fourier features of the noise level.
    pub fn noise_channels(&self) -> usize {
        let first = self.channel_multipliers.first().copied().unwrap_or(1);
        self.model_channels * self.noise_multiplier.unwrap_or(first)
    }

    /// Channels of the embedding of noise level and label.
    pub fn embedding_channels(&self) -> usize {
        let largest = self.channel_multipliers.iter().copied().max().unwrap_or(1);
        self.model_channels * self.embedding_multiplier.unwrap_or(largest)
    }

    /// Where each layer stands, or what is impossible about the configuration.
    pub fn plan(&self) -> Result<Plan> {
        self.check()?;
        Ok(Plan::new(self))
    }

    /// That the network can take images `[batch, channels, height, width]` of this shape: of any size that can be halved as often as
    /// it has levels to go down.
    pub fn fits(&self, images: &[usize]) -> Result<()> {
        let multiple = 1 << self.channel_multipliers.len().saturating_sub(1);
        let halves = |size: usize| size > 0 && size.is_multiple_of(multiple);
        match *images {
            [_, channels, height, width]
                if channels == self.channels && halves(height) && halves(width) =>
            {
                Ok(())
            }
            _ => Err(Error::Input(format!(
                "images {images:?}: the network takes [batch, {}, height, width], both sizes multiples of {multiple}",
                self.channels
            ))),
        }
    }

    fn check(&self) -> Result<()> {
        const LIMIT: usize = 1 << 16;
        let refuse = |problem: String| Err(Error::Config(problem));
        let counts = [
            ("resolution", self.resolution),
            ("channels", self.channels),
            ("model-channels", self.model_channels),
            ("head-channels", self.head_channels),
            ("noise features", self.noise_channels()),
            ("embedding channels", self.embedding_channels()),
        ];
        for (name, value) in counts {
            if value == 0 || value > LIMIT {
                return refuse(format!("{name} must be 1 to {LIMIT}, got {value}"));
            }
        }
        if self.labels > 1 << 24 || self.uncertainty_channels > LIMIT || self.blocks > 64 {
            return refuse(
                "more labels, uncertainty channels or blocks than any network has".into(),
            );
        }
        let levels = self.channel_multipliers.len();
        if !(1..=12).contains(&levels)
            || self
                .channel_multipliers
                .iter()
                .any(|&multiplier| !(1..=64).contains(&multiplier))
        {
            return refuse("channel-multipliers must be 1 to 12 numbers from 1 to 64".into());
        }
        if !self.resolution.is_multiple_of(1 << (levels - 1)) {
            let steps = levels - 1;
            return refuse(format!(
                "resolution {} cannot be halved {steps} times",
                self.resolution
            ));
        }
        for balance in [
            self.label_balance,
            self.concat_balance,
            self.residual_balance,
            self.attention_balance,
        ] {
            if !(0.0..=1.0).contains(&balance) {
                return refuse(format!("a balance must be in [0, 1], got {balance}"));
            }
        }
        if !(self.sigma_data > 0.0 && self.sigma_data.is_finite()) {
            return refuse(format!(
                "sigma-data must be positive, got {}",
                self.sigma_data
            ));
        }
        if !(0.0..1.0).contains(&self.dropout)
            || self.clip.is_some_and(|clip| clip.is_nan() || clip <= 0.0)
        {
            return refuse("dropout must be in [0, 1) and clip positive".into());
        }
        let heads = Plan::new(self);
        match heads
            .blocks()
            .find(|block| block.attention && block.outputs % self.head_channels != 0)
        {
            Some(block) => refuse(format!(
                "{} channels of {} are no multiple of {} for each attention head",
                block.outputs, block.name, self.head_channels
            )),
            None => Ok(()),
        }
    }
}
