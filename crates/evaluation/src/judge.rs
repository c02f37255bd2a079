//! A classifier of clean images, asked about images of 8 bits.

use std::ops::ControlFlow;

use candle_core::{DType, Device, Tensor};
use foil_models::{
    Encoder, Pixels,
    checkpoint::{Role, Snapshot},
    edm2::{Classifier, Config, Packed, Packing},
};
use rayon::prelude::*;

use crate::{Error, Images, Result};

/// Images at once; what is said of an image does not depend on it.
const BATCH: usize = 64;

/// The noise of clean images, as in training.
const NO_NOISE: f64 = 0.0;

/// A network that describes images and tells their classes.
#[derive(Debug)]
pub struct Judge {
    classifier: Classifier<Packed>,
}

/// What a judge says of images.
#[derive(Debug, Clone)]
pub struct Judged {
    /// `[images, features]`
    pub features: Vec<f32>,
    /// `[images, classes]`: logarithms of probabilities, up to a constant for each image.
    pub logits: Vec<f32>,
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
        Ok(Self { classifier })
    }

    /// Numbers that describe an image.
    pub fn features(&self) -> Result<usize> {
        let config = self.classifier.config();
        Ok(config.plan()?.classifier_features(config))
    }

    /// Classes that it tells apart.
    pub fn classes(&self) -> usize {
        self.classifier.config().labels
    }

    /// What it says of images `[images, channels, height, width]`.
    pub fn judge(&self, images: &[u8]) -> Result<Judged> {
        let &Config {
            channels,
            resolution,
            ..
        } = self.classifier.config();
        let size = channels * resolution * resolution;
        if !images.len().is_multiple_of(size) {
            return Err(Error::Images(format!(
                "{} levels are no whole number of images of {size}",
                images.len()
            )));
        }
        let count = images.len() / size;
        let numbers: Vec<f32> = images.iter().map(|&level| Pixels::number(level)).collect();
        let shape = (count, channels, resolution, resolution);
        let clean = Tensor::from_vec(numbers, shape, &Device::Cpu)?;
        let judgement = self.classifier.judge(&clean, &vec![NO_NOISE; count])?;
        let numbers = |tensor: &Tensor| -> Result<Vec<f32>> {
            Ok(tensor
                .to_dtype(DType::F32)?
                .flatten_all()?
                .to_vec1::<f32>()?)
        };
        Ok(Judged {
            features: numbers(&judgement.features)?,
            logits: numbers(&judgement.logits)?,
        })
    }

    /// Judges all images, and hands on what it says of them in their order. The observer is told how many have been judged, and can
    /// stop.
    pub(crate) fn judge_all(
        &self,
        images: &dyn Images,
        take: &mut dyn FnMut(&Judged) -> Result<()>,
        observer: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<()> {
        let config = self.classifier.config();
        let expected = [config.channels, config.resolution, config.resolution];
        let found = images.shape();
        if found != expected {
            return Err(Error::Images(format!(
                "the images are {found:?} (channels, height, width), the network's {expected:?}"
            )));
        }
        let size = found.iter().product();
        for start in (0..images.count()).step_by(BATCH) {
            let end = (start + BATCH).min(images.count());
            let mut levels = vec![0; (end - start) * size];
            let places = levels.par_chunks_mut(size).enumerate();
            places.try_for_each(|(place, out)| images.read(start + place, out))?;
            take(&self.judge(&levels)?)?;
            if observer(end).is_break() {
                return Err(Error::Interrupted);
            }
        }
        Ok(())
    }
}
