//! Where images lie in the space of features, and how they spread there: what two sets of images are compared by.

use std::ops::ControlFlow;

use candle_core::DType;
use foil_models::{StoredTensor, checkpoint::Moments};

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

impl Statistics {
    /// As files have them, in double precision.
    pub fn moments(&self) -> Result<Moments> {
        let features = self.mean.len();
        let tensor = |shape: &[usize], numbers: &[f64]| {
            let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
            StoredTensor::in_memory(DType::F64, shape, bytes.collect())
        };
        Ok(Moments {
            mean: tensor(&[features], &self.mean)?,
            covariance: tensor(&[features, features], &self.covariance)?,
        })
    }

    /// What a file has of so many images, if that is known.
    pub fn of_moments(images: Option<u64>, moments: &Moments) -> Result<Self> {
        Ok(Self {
            images,
            mean: moments.mean.double_numbers()?,
            covariance: moments.covariance.double_numbers()?,
        })
    }
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
