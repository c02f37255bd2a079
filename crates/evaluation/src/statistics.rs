//! Where images lie in the space of features, and how they spread there: what two sets of images are compared by.

use std::ops::ControlFlow;

use crate::{Extractor, Gathering, Images, Result, describe_all};

/// The first two moments of the features of many images.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many, if that is known; at least 2.
    pub images: Option<u64>,
    /// `[features]`
    pub mean: Vec<f64>,
    /// `[features, features]`, unbiased: sums of products over the number of images less one.
    pub covariance: Vec<f64>,
}

/// Describes all images. The observer is told how many have been described, and can stop.
pub fn statistics(
    extractor: &dyn Extractor,
    images: &dyn Images,
    observer: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Statistics> {
    let mut gathering = Gathering::new(extractor.features());
    describe_all(
        extractor,
        images,
        0,
        &mut |described| gathering.add(&described.features),
        observer,
    )?;
    gathering.finish()
}
