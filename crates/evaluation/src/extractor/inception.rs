//! Inception-v3, the network of FID, sFID, KID, the Inception score and ADM's precision and recall.

use candle_core::Tensor;
use foil_models::{
    Weights,
    features::inception::{CLASSES, FEATURES, Inception, Protocol, SPATIAL_FEATURES},
};

use super::{Described, Extractor, count};
use crate::{Error, Result};

/// Images at once.
const BATCH: usize = 8;

/// The network, and how images are brought to it.
#[derive(Debug)]
pub struct InceptionExtractor {
    network: Inception,
    protocol: Protocol,
}

impl InceptionExtractor {
    /// Packs the weights, in any published layout.
    pub fn new(weights: &Weights, protocol: Protocol) -> Result<Self> {
        Ok(Self {
            network: Inception::new(weights)?,
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

    fn describe(&self, images: &[u8], shape: [usize; 3]) -> Result<Described> {
        count(images, shape)?;
        let described = self
            .network
            .describe(&self.protocol.present(images, shape)?)?;
        let numbers =
            |tensor: &Tensor| -> Result<Vec<f32>> { Ok(tensor.flatten_all()?.to_vec1()?) };
        Ok(Described {
            features: numbers(&described.features)?,
            spatial: numbers(&described.spatial)?,
            logits: numbers(&described.logits)?,
        })
    }
}

/// That images of any size have channels that can be shown as colours.
pub(super) fn check_colours(network: &str, shape: [usize; 3]) -> Result<()> {
    let [channels, height, width] = shape;
    if [1, 3].contains(&channels) && height * width > 0 {
        return Ok(());
    }
    Err(Error::Images(format!(
        "the images are {shape:?} (channels, height, width); {network} describes grey and colour images"
    )))
}
