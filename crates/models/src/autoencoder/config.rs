//! What has to be known to build the autoencoder.

use serde::{Deserialize, Serialize};

use super::plan::{self, Step};
use crate::{Error, Result};

/// The autoencoder's description, with the published sizes for whatever a file leaves out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Channels of an image.
    pub image_channels: usize,
    /// Channels of a latent.
    pub latent_channels: usize,
    /// Channels at the resolution of images.
    pub base_channels: usize,
    /// Channels of each level relative to `base_channels`; each level has half the resolution of the one before.
    pub channel_multipliers: Vec<usize>,
    /// Residual blocks of each encoder level; the decoder has one more.
    pub blocks: usize,
    /// Groups of a normalisation.
    pub groups: usize,
    /// Added to a normalisation's variance.
    pub epsilon: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            image_channels: 3,
            latent_channels: 4,
            base_channels: 128,
            channel_multipliers: vec![1, 2, 4, 4],
            blocks: 2,
            groups: 32,
            epsilon: 1e-6,
        }
    }
}

impl Config {
    /// Names and shapes of all tensors, encoder first, as diffusers names them.
    pub fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>> {
        self.check()?;
        let steps = self.encoder_steps().into_iter().chain(self.decoder_steps());
        Ok(steps.flat_map(|step| step.tensors()).collect())
    }

    /// Height and width of an image relative to its latent's.
    pub fn scale(&self) -> usize {
        1 << self.channel_multipliers.len().saturating_sub(1)
    }

    /// Channels of each level, from the resolution of images down.
    pub(super) fn widths(&self) -> Vec<usize> {
        let multipliers = self.channel_multipliers.iter();
        multipliers
            .map(|multiplier| multiplier * self.base_channels)
            .collect()
    }

    pub(super) fn encoder_steps(&self) -> Vec<Step> {
        plan::encoder(self)
    }

    pub(super) fn decoder_steps(&self) -> Vec<Step> {
        plan::decoder(self)
    }

    /// That it describes an autoencoder.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |problem: String| Err(Error::Config(problem));
        for (name, value) in [
            ("image-channels", self.image_channels),
            ("latent-channels", self.latent_channels),
            ("base-channels", self.base_channels),
            ("blocks", self.blocks),
            ("groups", self.groups),
        ] {
            if value == 0 {
                return wrong(format!("{name} must not be 0"));
            }
        }
        let levels = self.channel_multipliers.len();
        if !(1..=16).contains(&levels) {
            return wrong(format!(
                "channel-multipliers: {levels} levels; 1 to 16 are possible"
            ));
        }
        for width in self.widths() {
            if width == 0 || !width.is_multiple_of(self.groups) {
                return wrong(format!(
                    "{width} channels do not divide into {} groups",
                    self.groups
                ));
            }
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return wrong(format!(
                "epsilon must be positive and finite, not {}",
                self.epsilon
            ));
        }
        Ok(())
    }
}
