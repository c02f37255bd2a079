//! DINOv2, the network of FD-DINOv2.

mod protocol;

use candle_core::DType;
use foil_models::{Weights, features::dinov2::Dinov2};

use super::{Described, Extractor, check_colours};
use crate::Result;

pub use protocol::Dinov2Protocol;

/// Images at once: each of the weights, of which there are many, is read once for all of them.
const BATCH: usize = 8;

/// The network, and how images are brought to it.
#[derive(Debug)]
pub struct Dinov2Extractor {
    network: Dinov2,
    protocol: Dinov2Protocol,
}

impl Dinov2Extractor {
    /// Packs the weights, in any published layout and of any size. `precision`, of its linear layers and attention, is `F32` or `BF16`.
    pub fn new(weights: &Weights, protocol: Dinov2Protocol, precision: DType) -> Result<Self> {
        Ok(Self {
            network: Dinov2::new(weights, precision)?,
            protocol,
        })
    }
}

impl Extractor for Dinov2Extractor {
    fn features(&self) -> usize {
        self.network.features()
    }

    fn batch(&self) -> usize {
        BATCH
    }

    fn check(&self, shape: [usize; 3]) -> Result<()> {
        check_colours("DINOv2", shape)
    }

    fn describe(&self, images: &[u8], shape: [usize; 3]) -> Result<Described> {
        let presented = self.protocol.present(images, shape)?;
        let features = self.network.describe(&presented)?;
        Ok(Described {
            features: features.flatten_all()?.to_vec1()?,
            ..Described::default()
        })
    }
}
