//! Networks that describe images by numbers: each choice a file.
//!
//! What a network says of an image depends on how the image was brought to what the network sees. That belongs to the extractor: two with the same
//! weights and other resizing are two extractors, and their numbers are not compared.

mod dinov2;
mod inception;
mod judge;

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::{Error, Images, Result};

pub use dinov2::{Dinov2Extractor, Dinov2Protocol};
pub use inception::InceptionExtractor;
pub use judge::Judge;

/// A network that describes images of 8 bits.
pub trait Extractor {
    /// Numbers that describe an image.
    fn features(&self) -> usize;

    /// Numbers that say where in the image is what; 0 if the network has none.
    fn spatial_features(&self) -> usize {
        0
    }

    /// Classes that it tells apart; 0 if it tells none.
    fn classes(&self) -> usize {
        0
    }

    /// Images at once; what is said of an image does not depend on it.
    fn batch(&self) -> usize;

    /// That images `[channels, height, width]` can be described.
    fn check(&self, shape: [usize; 3]) -> Result<()>;

    /// Describes images `[images, channels, height, width]`, which [`Self::check`] lets pass.
    fn describe(&self, images: &[u8], shape: [usize; 3]) -> Result<Described>;
}

/// What an extractor says of images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Described {
    /// `[images, features]`
    pub features: Vec<f32>,
    /// `[images, spatial features]`
    pub spatial: Vec<f32>,
    /// `[images, classes]`: logarithms of probabilities, up to a constant for each image.
    pub logits: Vec<f32>,
}

impl Described {
    /// Of some images after others.
    fn together(parts: &[Self]) -> Self {
        let all = |part: fn(&Self) -> &Vec<f32>| parts.iter().flat_map(part).copied().collect();
        Self {
            features: all(|part| &part.features),
            spatial: all(|part| &part.spatial),
            logits: all(|part| &part.logits),
        }
    }
}

/// Describes all images from `first` on, and hands on what is said of them in their order. The observer is told how many of all have been described,
/// and can stop.
pub fn describe_all(
    extractor: &dyn Extractor,
    images: &dyn Images,
    first: usize,
    take: &mut dyn FnMut(&Described) -> Result<()>,
    observer: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<()> {
    let shape = images.shape();
    extractor.check(shape)?;
    let size = shape.iter().product();
    for start in (first..images.count()).step_by(extractor.batch()) {
        let end = (start + extractor.batch()).min(images.count());
        let mut levels = vec![0; (end - start) * size];
        let places = levels.par_chunks_mut(size).enumerate();
        places.try_for_each(|(place, out)| images.read(start + place, out))?;
        take(&extractor.describe(&levels, shape)?)?;
        if observer(end).is_break() {
            return Err(Error::Interrupted);
        }
    }
    Ok(())
}

/// How many images of this shape `levels` holds.
fn count(levels: &[u8], shape: [usize; 3]) -> Result<usize> {
    let size: usize = shape.iter().product();
    if size > 0 && levels.len().is_multiple_of(size) {
        return Ok(levels.len() / size);
    }
    Err(Error::Images(format!(
        "{} levels are no whole number of images of {size}",
        levels.len()
    )))
}

/// That images of any size have channels that can be shown as colours.
fn check_colours(network: &str, shape: [usize; 3]) -> Result<()> {
    let [channels, height, width] = shape;
    if [1, 3].contains(&channels) && height * width > 0 {
        return Ok(());
    }
    Err(Error::Images(format!(
        "the images are {shape:?} (channels, height, width); {network} describes grey and colour images"
    )))
}
