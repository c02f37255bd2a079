//! Inception-v3, the network of FID, sFID, KID, the Inception score and ADM's precision and recall.

use candle_core::{DType, Tensor};
use foil_models::{
    Weights,
    features::inception::{CLASSES, FEATURES, Inception, Protocol, SPATIAL_FEATURES},
};
use rayon::prelude::*;

use super::{Described, Extractor, check_colours, count};
use crate::Result;

/// Images at once.
const BATCH: usize = 8;

/// The network, and how images are brought to it.
#[derive(Debug)]
pub struct InceptionExtractor {
    network: Inception,
    protocol: Protocol,
}

impl InceptionExtractor {
    /// Packs the weights, in any published layout. `precision`, of its convolutions and what passes between them, is `F32` or `BF16`.
    pub fn new(weights: &Weights, protocol: Protocol, precision: DType) -> Result<Self> {
        Ok(Self {
            network: Inception::new(weights, precision)?,
            protocol,
        })
    }
}

impl Extractor for InceptionExtractor {
    fn features(&self) -> usize {
        FEATURES
    }

    fn spatial_features(&self) -> usize {
        SPATIAL_FEATURES
    }

    fn classes(&self) -> usize {
        CLASSES
    }

    fn batch(&self) -> usize {
        BATCH
    }

    fn check(&self, shape: [usize; 3]) -> Result<()> {
        check_colours("Inception-v3", shape)
    }

    /// Image by image, each on one thread: what passes between two layers of one image stays in the caches, of several it does not.
    fn describe(&self, images: &[u8], shape: [usize; 3]) -> Result<Described> {
        count(images, shape)?;
        let size = shape.iter().product();
        let each = images.par_chunks_exact(size).map(|image| {
            let presented = self.protocol.present(image, shape)?;
            let described = self.network.describe(&presented)?;
            let numbers =
                |tensor: &Tensor| -> Result<Vec<f32>> { Ok(tensor.flatten_all()?.to_vec1()?) };
            Ok(Described {
                features: numbers(&described.features)?,
                spatial: numbers(&described.spatial)?,
                logits: numbers(&described.logits)?,
            })
        });
        let each: Vec<Described> = each.collect::<Result<_>>()?;
        Ok(Described::together(&each))
    }
}
