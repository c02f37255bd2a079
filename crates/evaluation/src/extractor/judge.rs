//! A classifier of clean images, asked about images of 8 bits.

use candle_core::{DType, Device, Tensor};
use foil_models::{
    Encoder, Pixels,
    checkpoint::{Role, Snapshot},
    edm2::{Classifier, Packed, Packing},
};

use super::{Described, Extractor, count};
use crate::{Error, Result};

/// Images at once; what is said of an image does not depend on it.
const BATCH: usize = 64;

/// The noise of clean images, as in training.
const NO_NOISE: f64 = 0.0;

/// A network that describes images and tells their classes.
#[derive(Debug)]
pub struct Judge {
    classifier: Classifier<Packed>,
    features: usize,
}

impl Judge {
    /// Loads a classifier of clean images; `precision`, of its weights and activations, is `F32` or `BF16`.
    pub fn load(snapshot: &Snapshot, precision: DType) -> Result<Self> {
        let origin = snapshot.weights.origin();
        let refuse = |problem: &str| Err(Error::Network(format!("{origin}: {problem}")));
        match (snapshot.role, &snapshot.encoder) {
            (Role::CleanClassifier, Encoder::Rgb) => {}
            (Role::CleanClassifier, Encoder::Latent(_)) => {
                return refuse("a classifier of latents; images are judged by one of pixels");
            }
            (Role::NoisyClassifier, _) => {
                return refuse(
                    "a classifier of noisy images; images are judged by one of clean images",
                );
            }
            (Role::Denoiser, _) => {
                return refuse(
                    "a network that makes images; they are judged by a classifier of clean images",
                );
            }
        }
        let packing = Packing {
            dtype: precision,
            device: Device::Cpu,
            batch: BATCH,
        };
        let classifier = Classifier::load(&snapshot.config, &snapshot.weights, &packing)?;
        let config = classifier.config();
        let features = config.plan()?.classifier_features(config);
        Ok(Self {
            classifier,
            features,
        })
    }
}

impl Extractor for Judge {
    fn features(&self) -> usize {
        self.features
    }

    fn classes(&self) -> usize {
        self.classifier.config().labels
    }

    fn batch(&self) -> usize {
        BATCH
    }

    fn check(&self, shape: [usize; 3]) -> Result<()> {
        let config = self.classifier.config();
        let expected = [config.channels, config.resolution, config.resolution];
        if shape == expected {
            return Ok(());
        }
        Err(Error::Images(format!(
            "the images are {shape:?} (channels, height, width), the network's {expected:?}"
        )))
    }

    fn describe(&self, images: &[u8], shape: [usize; 3]) -> Result<Described> {
        let [channels, height, width] = shape;
        let count = count(images, shape)?;
        let numbers: Vec<f32> = images.iter().map(|&level| Pixels::number(level)).collect();
        let clean = Tensor::from_vec(numbers, (count, channels, height, width), &Device::Cpu)?;
        let judgement = self.classifier.judge(&clean, &vec![NO_NOISE; count])?;
        let numbers = |tensor: &Tensor| -> Result<Vec<f32>> {
            Ok(tensor
                .to_dtype(DType::F32)?
                .flatten_all()?
                .to_vec1::<f32>()?)
        };
        Ok(Described {
            features: numbers(&judgement.features)?,
            spatial: Vec::new(),
            logits: numbers(&judgement.logits)?,
        })
    }
}
