//! Random numbers of training: each image seen has a stream of its own, keyed by the run's seed and the image's number. So a
//! run that was interrupted draws what it would have drawn, and how a batch is split changes nothing.

use foil_diffusion::random::FoilStream;

/// What an image's stream is asked for, each with a draw of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draw {
    /// Its noise level.
    Sigma,
    /// Its noise.
    Noise,
    /// Whether it is mirrored.
    Flip,
    /// The sample of its latents.
    Latents,
}

impl Draw {
    /// The draws of dropout come after all others.
    pub(crate) const DROPOUT: u32 = 16;

    fn number(self) -> u32 {
        match self {
            Self::Sigma => 0,
            Self::Noise => 1,
            Self::Flip => 2,
            Self::Latents => 3,
        }
    }
}

/// The key of an image's stream; `image` counts from the start of the run.
pub(crate) fn key(seed: u64, image: u64) -> u64 {
    mixed(mixed(seed).wrapping_add(image))
}

/// The stream for one purpose.
pub(crate) fn stream(key: u64, draw: Draw) -> FoilStream {
    FoilStream::after(key, draw.number())
}

/// A bijection in which every bit of the result depends on every bit of the argument. Steele et al. 2014, "SplitMix".
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
