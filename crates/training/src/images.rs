//! The images of a run, by number: which of the data set, mirrored or not, as tensors.

use std::{ops::Range, sync::Arc};

use candle_core::{Device, Tensor};
use foil_data::{Dataset, Flip, Kind, Order};
use foil_diffusion::random::Stream;
use foil_models::{Encoder, Pixels};
use rayon::prelude::*;

use crate::{
    Error, Result,
    streams::{self, Draw},
};

/// A data set in the order of a run.
pub struct Images {
    dataset: Arc<Dataset>,
    order: Order,
    encoder: Encoder,
    seed: u64,
    /// Whether half of the images are mirrored.
    mirror: bool,
}

/// Some images.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[batch, channels, height, width]`, as the network sees them.
    pub clean: Tensor,
    /// The class of each; empty if the data set has none.
    pub classes: Vec<u32>,
    /// The key of each one's stream of random numbers.
    pub keys: Vec<u64>,
}

impl Batch {
    /// Each image with its own noise of its own level, in the order of the numbers of `clean`.
    pub(crate) fn noisy(&self, sigmas: &[f64]) -> Result<Vec<f32>> {
        let mut values = self.clean.flatten_all()?.to_vec1::<f32>()?;
        let pixels = (values.len() / sigmas.len().max(1)).max(1);
        let images = values.par_chunks_mut(pixels).zip(sigmas).zip(&self.keys);
        images.for_each(|((image, &sigma), &key)| {
            let mut noise = vec![0.0; image.len()];
            streams::stream(key, Draw::Noise).fill_normal(&mut noise);
            for (value, noise) in image.iter_mut().zip(noise) {
                *value += sigma as f32 * noise;
            }
        });
        Ok(values)
    }
}

/// What is done to the images of a data set.
#[derive(Debug, Clone)]
pub struct Presentation {
    /// What stands between pixels and the network.
    pub encoder: Encoder,
    /// Of all random numbers.
    pub seed: u64,
    /// Mirrors half of the images.
    pub mirror: bool,
}

impl Images {
    /// Of a data set.
    pub fn new(dataset: Arc<Dataset>, presentation: Presentation) -> Result<Self> {
        let Presentation {
            encoder,
            seed,
            mirror,
        } = presentation;
        let fits = match (&encoder, dataset.kind()) {
            (Encoder::Rgb, Kind::Pixels) | (Encoder::Latent(_), Kind::Moments) => true,
            (Encoder::Rgb, Kind::Moments) | (Encoder::Latent(_), Kind::Pixels) => false,
        };
        if !fits {
            return Err(Error::Settings(format!(
                "the data set holds {} images of {:?}, which the network does not learn from",
                dataset.len(),
                dataset.kind()
            )));
        }
        Ok(Self {
            order: dataset.order(seed),
            dataset,
            encoder,
            seed,
            mirror,
        })
    }

    /// What stands between pixels and the network.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// That a network on images of this shape, with so many classes, can learn from them.
    pub(crate) fn check(&self, shape: [usize; 3], labels: usize) -> Result<()> {
        let (found, classes) = (self.dataset.shape(), self.dataset.classes());
        if found != shape {
            return Err(Error::Settings(format!(
                "the data's images are {found:?} (channels, height, width), the network's {shape:?}"
            )));
        }
        if labels > 0 && classes != labels {
            return Err(Error::Settings(format!(
                "the data has {classes} classes, the network {labels}"
            )));
        }
        Ok(())
    }

    /// The images with these numbers, counted from the start of the run.
    pub fn batch(&mut self, numbers: Range<u64>) -> Result<Batch> {
        let keys: Vec<u64> = numbers
            .clone()
            .map(|number| streams::key(self.seed, number))
            .collect();
        let indices: Vec<usize> = numbers.map(|number| self.order.index(number)).collect();
        let labels = indices
            .iter()
            .filter_map(|&index| self.dataset.label(index));
        let classes = labels.collect();
        let [channels, height, width] = self.dataset.shape();
        let size = channels * height * width;
        let mut values = vec![0.0; size * keys.len()];
        let places = values.par_chunks_mut(size).zip(&keys).zip(&indices);
        places.try_for_each(|((out, &key), &index)| self.image(index, key, out))?;
        let shape = (keys.len(), channels, height, width);
        let clean = Tensor::from_vec(values, shape, &Device::Cpu)?;
        let clean = match &self.encoder {
            Encoder::Rgb => clean,
            Encoder::Latent(whitening) => whitening.network_from_latents(&clean)?,
        };
        Ok(Batch {
            clean,
            classes,
            keys,
        })
    }

    fn image(&self, index: usize, key: u64, out: &mut [f32]) -> Result<()> {
        let flip = self.flip(key);
        match self.dataset.kind() {
            Kind::Pixels => {
                let mut pixels = vec![0; out.len()];
                self.dataset.pixels(index, flip, &mut pixels)?;
                for (value, pixel) in out.iter_mut().zip(pixels) {
                    *value = Pixels::number(pixel);
                }
            }
            Kind::Moments => {
                let mut moments = vec![0.0; 2 * out.len()];
                self.dataset.moments(index, flip, &mut moments)?;
                streams::stream(key, Draw::Latents).fill_normal(out);
                let (means, deviations) = moments.split_at(out.len());
                for ((value, mean), deviation) in out.iter_mut().zip(means).zip(deviations) {
                    *value = mean + deviation * *value;
                }
            }
        }
        Ok(())
    }

    fn flip(&self, key: u64) -> Flip {
        let mut uniform = [0.0];
        streams::stream(key, Draw::Flip).fill_uniform(&mut uniform);
        if self.mirror && uniform[0] < 0.5 {
            Flip::Horizontal
        } else {
            Flip::None
        }
    }
}
