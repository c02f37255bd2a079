//! Common operations on images, of which a metric may make more than people do, or less. Pernias et al. 2023, *Würstchen*, appendix; Parmar et al.
//! 2022, *On Aliased Resizing and Surprising Subtleties in GAN Evaluation*.
//!
//! Images are `[channels, height, width]` of 8 bits, as everywhere here; each operation is a function of an image and of its place in the set, so
//! that noise is the same on any number of threads.

mod blur;
mod jpeg;
mod levels;
mod resampled;

use std::fmt;

use foil_data::resize::Filter;

use crate::Result;

/// Something that happens to images on their way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// Written as JPEG of this quality and read again; colours at half the resolution, as most programs write it.
    Jpeg {
        /// 1 to 100.
        quality: u8,
    },
    /// Brought to half of the size and back.
    Resized {
        /// Both times.
        filter: Filter,
    },
    /// Convolved with a Gaussian.
    Blurred {
        /// Standard deviation in pixels.
        deviation: f64,
    },
    /// With normal noise of its own in each channel of each pixel.
    Noisy {
        /// Standard deviation in levels of 255.
        deviation: f64,
    },
    /// The middle cut out and brought back to the size.
    Cropped {
        /// Of height and width.
        share: f64,
    },
    /// Stretched around the image's mean grey.
    Contrast {
        /// 1 changes nothing.
        factor: f64,
    },
    /// All levels moved.
    Brightness {
        /// Levels of 255.
        levels: f64,
    },
    /// Red moved up and blue down; grey images stay as they are.
    Warmth {
        /// Levels of 255.
        levels: f64,
    },
    /// Colours moved towards the pixel's grey; grey images stay as they are.
    Saturation {
        /// 1 changes nothing.
        factor: f64,
    },
}

impl Operation {
    /// From harmless to harmful, by kind.
    pub const ALL: [Self; 27] = [
        Self::Jpeg { quality: 95 },
        Self::Jpeg { quality: 85 },
        Self::Jpeg { quality: 75 },
        Self::Jpeg { quality: 50 },
        Self::Jpeg { quality: 25 },
        Self::Resized {
            filter: Filter::Lanczos,
        },
        Self::Resized {
            filter: Filter::Bicubic,
        },
        Self::Resized {
            filter: Filter::Bilinear,
        },
        Self::Resized {
            filter: Filter::Box,
        },
        Self::Resized {
            filter: Filter::Nearest,
        },
        Self::Blurred { deviation: 0.5 },
        Self::Blurred { deviation: 1.0 },
        Self::Blurred { deviation: 2.0 },
        Self::Noisy { deviation: 2.0 },
        Self::Noisy { deviation: 5.0 },
        Self::Noisy { deviation: 10.0 },
        Self::Noisy { deviation: 20.0 },
        Self::Cropped { share: 0.95 },
        Self::Cropped { share: 0.9 },
        Self::Cropped { share: 0.8 },
        Self::Contrast { factor: 0.8 },
        Self::Contrast { factor: 1.25 },
        Self::Brightness { levels: -10.0 },
        Self::Brightness { levels: 10.0 },
        Self::Warmth { levels: 10.0 },
        Self::Saturation { factor: 0.5 },
        Self::Saturation { factor: 0.0 },
    ];

    /// Whether it does anything to images of so many channels.
    pub fn changes(self, channels: usize) -> bool {
        channels == 3 || !matches!(self, Self::Warmth { .. } | Self::Saturation { .. })
    }

    /// What becomes of the image in this place of the set.
    pub fn apply(self, image: &[u8], shape: [usize; 3], place: usize) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Jpeg { quality } => jpeg::round_trip(image, shape, quality)?,
            Self::Resized { filter } => resampled::halved(image, shape, filter),
            Self::Cropped { share } => resampled::cropped(image, shape, share),
            Self::Blurred { deviation } => blur::gaussian(image, shape, deviation),
            Self::Noisy { deviation } => levels::noisy(image, deviation, place),
            Self::Contrast { factor } => levels::contrast(image, factor),
            Self::Brightness { levels } => levels::moved(image, |_| levels),
            Self::Warmth { levels } => levels::warmer(image, shape, levels),
            Self::Saturation { factor } => levels::saturated(image, shape, factor),
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jpeg { quality } => write!(formatter, "JPEG, quality {quality}"),
            Self::Resized { filter } => write!(formatter, "half size and back, {filter}"),
            Self::Blurred { deviation } => write!(formatter, "blur, σ = {deviation} pixels"),
            Self::Noisy { deviation } => write!(formatter, "noise, σ = {deviation} levels"),
            Self::Cropped { share } => write!(formatter, "crop to {:.0} %", 100.0 * share),
            Self::Contrast { factor } => write!(formatter, "contrast × {factor}"),
            Self::Brightness { levels } => write!(formatter, "brightness {levels:+} levels"),
            Self::Warmth { levels } => {
                write!(formatter, "red {levels:+}, blue {:+} levels", -levels)
            }
            Self::Saturation { factor } => write!(formatter, "saturation × {factor}"),
        }
    }
}

/// `[channels, height, width]` to `[height, width, channels]`.
fn interleaved(image: &[u8], [channels, height, width]: [usize; 3]) -> Vec<u8> {
    let plane = height * width;
    let pixel = |place: usize| (0..channels).map(move |channel| image[channel * plane + place]);
    (0..plane).flat_map(pixel).collect()
}

/// And back.
fn planes(image: &[u8], channels: usize) -> Vec<u8> {
    let plane = |channel: usize| image.iter().skip(channel).step_by(channels);
    (0..channels).flat_map(plane).copied().collect()
}

/// The nearest level.
fn level(number: f64) -> u8 {
    number.round().clamp(0.0, 255.0) as u8
}
