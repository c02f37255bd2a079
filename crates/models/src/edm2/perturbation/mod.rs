//! One network made worse while it is evaluated, so that it can guide itself: the same weights, no copy of them, no training.
//!
//! | perturbation | what is worse | source |
//! |---|---|---|
//! | [`Dropout`](Perturbation::Dropout) | numbers of residual branches are left out at random | Karras et al. 2024 (2406.02507), section 5; 2510.17136 |
//! | [`SkippedBlocks`](Perturbation::SkippedBlocks) | residual branches and attention of some blocks are left out | SLG of Stable Diffusion 3.5 |
//! | [`IdentityAttention`](Perturbation::IdentityAttention) | each pixel attends to itself alone | PAG, Ahn et al. 2024 (2403.17377) |
//! | [`BlurredQueries`](Perturbation::BlurredQueries) | pixels attend more alike | SEG, Hong 2024 (2408.00760) |
//! | [`NoiseLevel`](Perturbation::NoiseLevel) | the network is told a wrong noise level | TSG, Sadat et al. 2024 (2407.02687) |
//! | [`InputNoise`](Perturbation::InputNoise) | the image is noisier than it has to be | Karras et al. 2024 (2406.02507), section 5 |
//!
//! [`Perturbed`] borrows the network and is a model as it is. Each file that alters the network says exactly how.

mod blocks;
mod blur;
mod identity;
mod input_noise;
mod noise_level;
mod perturbed;
mod skip;

pub use blocks::Blocks;
pub use perturbed::Perturbed;

use super::Config;
use crate::{Error, Result};

/// What makes a network worse. Strength 0 of any is the network itself, bit for bit.
#[derive(Debug, Clone, PartialEq)]
pub enum Perturbation {
    /// Each number of each residual branch is left out with this probability, in [0, 1), and the others made larger by as much; anew at
    /// each evaluation.
    Dropout {
        /// 0.1 in In-situ autoguidance.
        probability: f64,
    },
    /// Of these blocks, only the main path is left.
    SkippedBlocks(Blocks),
    /// In these blocks, attention's weights are the identity.
    IdentityAttention(Blocks),
    /// In these blocks, queries are blurred over the pixels.
    BlurredQueries {
        /// Standard deviation of the Gaussian in pixels of the block's own grid; ∞ gives all pixels the mean query.
        sigma: f64,
        /// Which blocks.
        blocks: Blocks,
    },
    /// The network is told c_noise + scale·σ^power·n instead of c_noise = ln σ / 4, with a standard normal number n for each image and
    /// evaluation.
    NoiseLevel {
        /// At least 0. A quarter of the deviation of ln σ, at σ = 1.
        scale: f64,
        /// How the deviation grows with σ; 0 is the same share of every σ.
        power: f64,
    },
    /// Noise that raises the image's noise level from σ to (1 + raise)·σ, which the network is told; anew at each evaluation.
    InputNoise {
        /// At least 0.
        raise: f64,
    },
}

impl Perturbation {
    /// That its numbers mean something, and that the network has the blocks.
    pub fn check(&self, config: &Config) -> Result<()> {
        let refuse = |name: &str, allowed: &str, found: f64| {
            Err(Error::Perturbation(format!(
                "{name} must be {allowed}, got {found}"
            )))
        };
        match self {
            &Self::Dropout { probability } if !(0.0..1.0).contains(&probability) => {
                refuse("a probability of dropout", "in [0, 1)", probability)
            }
            &Self::BlurredQueries { sigma, .. } if sigma.is_nan() || sigma < 0.0 => {
                refuse("the blur of queries", "0 pixels or more", sigma)
            }
            &Self::NoiseLevel { scale, .. } if !(scale >= 0.0 && scale.is_finite()) => {
                refuse("the scale of a noise level's error", "0 or more", scale)
            }
            &Self::NoiseLevel { power, .. } if !power.is_finite() => {
                refuse("the power of a noise level's error", "finite", power)
            }
            &Self::InputNoise { raise } if !(raise >= 0.0 && raise.is_finite()) => {
                refuse("the raise of the input's noise level", "0 or more", raise)
            }
            Self::SkippedBlocks(blocks) => blocks.of(config).map(drop),
            Self::IdentityAttention(blocks) | Self::BlurredQueries { blocks, .. } => {
                blocks.attending(config).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Whether it draws random numbers, so that each image needs a seed.
    pub fn is_random(&self) -> bool {
        match self {
            Self::Dropout { .. } | Self::NoiseLevel { .. } | Self::InputNoise { .. } => true,
            Self::SkippedBlocks(_) | Self::IdentityAttention(_) | Self::BlurredQueries { .. } => {
                false
            }
        }
    }
}
