//! EDM2's loss: denoising at random noise levels, weighted by the uncertainty that the network learns beside.
//! Karras et al. 2022, Eq. 108; Karras et al. 2024, Eqs. 14 and 21.

use std::{ops::Range, path::Path};

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Sigma,
    precondition::{Edm, Precondition, Scaling},
    random::Stream,
};
use foil_models::edm2::{Config, Dropout, Labels, Network, Trained};
use foil_models::{
    Weights,
    checkpoint::{Provenance, Role, Snapshot},
};
use foil_tensor::traced::Traced;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    images::{Batch, Images},
    streams::{self, Draw},
    task::{Losses, Observation, Task},
};

/// Noise levels of training: ln σ is normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NoiseLevels {
    /// P_mean, the mean of ln σ.
    pub mean: f64,
    /// P_std, its standard deviation.
    pub deviation: f64,
}

impl NoiseLevels {
    /// That levels can be drawn.
    pub(crate) fn check(&self) -> Result<()> {
        if self.mean.abs() <= 20.0 && (0.0..=10.0).contains(&self.deviation) {
            return Ok(());
        }
        Err(Error::Settings(format!(
            "noise levels: mean must be −20 to 20 and deviation 0 to 10, got {} and {}",
            self.mean, self.deviation
        )))
    }

    /// Of an image with this key.
    pub(crate) fn draw(&self, key: u64) -> f64 {
        let mut normal = [0.0];
        streams::stream(key, Draw::Sigma).fill_normal(&mut normal);
        (self.mean + self.deviation * f64::from(normal[0])).exp()
    }
}

/// The training of a denoiser.
pub struct Denoising {
    config: Config,
    levels: NoiseLevels,
    /// Of activations.
    dtype: DType,
    images: Images,
    names: Vec<String>,
}

impl Denoising {
    /// Of a network of this description on these images.
    pub fn new(config: Config, levels: NoiseLevels, dtype: DType, images: Images) -> Result<Self> {
        let tensors = config.plan()?.tensors(&config);
        images.check(
            [config.channels, config.resolution, config.resolution],
            config.labels,
        )?;
        Ok(Self {
            names: tensors.into_iter().map(|(name, _)| name).collect(),
            config,
            levels,
            dtype,
            images,
        })
    }

    /// The network over these tensors, in the order of the plan.
    fn network(&self, tensors: &[Traced]) -> Result<Network<Trained<Traced>>> {
        let network = Network::trainable(&self.config, self.dtype, |name| {
            let index = self.names.iter().position(|known| known == name);
            let index = index.expect("the network asks for the tensors of its plan");
            Ok(tensors[index].clone())
        });
        Ok(network?)
    }
}

impl Task for Denoising {
    fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>> {
        Ok(self.config.plan()?.tensors(&self.config))
    }

    fn losses(&mut self, tensors: &[Traced], images: Range<u64>) -> Result<Losses> {
        let batch = self.images.batch(images)?;
        let keys = &batch.keys;
        let sigmas: Vec<f64> = keys.iter().map(|&key| self.levels.draw(key)).collect();
        let labels = match self.config.labels {
            0 => Labels::none(),
            count => Labels::classes(&batch.classes, count, &Device::Cpu)?,
        };
        let mut network = self.network(tensors)?;
        if self.config.dropout > 0.0 {
            network = network.with_dropout(Dropout {
                probability: self.config.dropout,
                keys: keys.clone(),
                draw: Draw::DROPOUT,
            });
        }
        let noisy = Noisy::new(&batch, sigmas, self.config.sigma_data)?;
        let input = Traced::constant(noisy.input()?);
        let output = network.forward(&input, &noisy.noise()?, &labels)?;
        let uncertainty = network.log_variance(&noisy.sigma()?)?;
        noisy.loss(output, uncertainty)
    }

    fn save(&self, weights: Weights, provenance: Provenance, path: &Path) -> Result<()> {
        let snapshot = Snapshot {
            role: Role::Denoiser,
            config: self.config.clone(),
            encoder: self.images.encoder().clone(),
            weights,
            provenance,
        };
        Ok(snapshot.save(path)?)
    }
}

/// Noisy images, and the loss of what a network makes of them.
struct Noisy {
    /// `[batch, channels, height, width]`, as those below.
    clean: Vec<f32>,
    images: Vec<f32>,
    shape: Vec<usize>,
    sigmas: Vec<f64>,
    scalings: Vec<Scaling>,
    sigma_data: f64,
}

/// One image's part of the loss.
struct Part {
    /// λ/eᵘ·Σ (D − y)² + u·pixels.
    total: f64,
    /// λ(σ)·mean (D − y)².
    observed: f64,
    /// With respect to u(σ).
    of_uncertainty: f64,
}

impl Noisy {
    fn new(batch: &Batch, sigmas: Vec<f64>, sigma_data: f64) -> Result<Self> {
        let shape = batch.clean.dims().to_vec();
        let clean = batch.clean.flatten_all()?.to_vec1::<f32>()?;
        let noisy = batch.noisy(&sigmas)?;
        let edm = Edm { sigma_data };
        let scalings = sigmas
            .iter()
            .map(|&sigma| Ok(edm.scaling(Sigma::new(sigma)?)));
        Ok(Self {
            scalings: scalings.collect::<Result<_>>()?,
            clean,
            images: noisy,
            shape,
            sigmas,
            sigma_data,
        })
    }

    /// Numbers of an image.
    fn pixels(&self) -> usize {
        self.clean.len() / self.sigmas.len().max(1)
    }

    /// c_in·x.
    fn input(&self) -> Result<Tensor> {
        let images = self.images.chunks_exact(self.pixels()).zip(&self.scalings);
        let input = images.flat_map(|(image, scaling)| {
            let c_in = scaling.c_in as f32;
            image.iter().map(move |&value| value * c_in)
        });
        Ok(Tensor::from_iter(input, &Device::Cpu)?.reshape(self.shape.as_slice())?)
    }

    /// c_noise, `[batch]`.
    fn noise(&self) -> Result<Tensor> {
        let noise = self.scalings.iter().map(|scaling| scaling.c_noise as f32);
        Ok(Tensor::from_iter(noise, &Device::Cpu)?)
    }

    /// σ, `[batch]`.
    fn sigma(&self) -> Result<Tensor> {
        let sigmas = self.sigmas.as_slice();
        Ok(Tensor::from_slice(sigmas, sigmas.len(), &Device::Cpu)?)
    }

    /// λ(σ) = (σ² + σ_data²) / (σ·σ_data)², by which all noise levels count alike at the start.
    fn weight(&self, sigma: f64) -> f64 {
        let data = self.sigma_data;
        (sigma * sigma + data * data) / (sigma * data).powi(2)
    }

    /// Σ over images of Σ over pixels of λ/eᵘ·(D − y)² + u, by its gradients with respect to F `[batch, channels, height, width]` and
    /// to u `[batch, 1]`.
    fn loss(self, output: Traced, uncertainty: Option<Traced>) -> Result<Losses> {
        let numbers = output.value().flatten_all()?.to_vec1::<f32>()?;
        let logarithms = match &uncertainty {
            None => vec![0.0; self.sigmas.len()],
            Some(u) => u.value().flatten_all()?.to_vec1::<f32>()?,
        };
        let pixels = self.pixels();
        let mut gradient = vec![0.0; numbers.len()];
        let parts: Vec<Part> = gradient
            .par_chunks_mut(pixels)
            .zip(numbers.par_chunks(pixels))
            .enumerate()
            .map(|(image, (gradient, output))| {
                self.part(image, f64::from(logarithms[image]), output, gradient)
            })
            .collect();
        let observations = parts.iter().zip(&self.sigmas);
        let observations = observations.map(|(part, &sigma)| Observation {
            sigma,
            loss: part.observed,
            correct: None,
        });
        let observations = observations.collect();
        let gradient = Tensor::from_vec(gradient, output.value().shape(), &Device::Cpu)?;
        let mut arguments = vec![(output, gradient)];
        if let Some(uncertainty) = uncertainty {
            let of_uncertainty = parts.iter().map(|part| part.of_uncertainty as f32);
            let gradient = Tensor::from_iter(of_uncertainty, &Device::Cpu)?;
            let gradient = gradient.reshape(uncertainty.value().shape())?;
            arguments.push((uncertainty, gradient));
        }
        Ok(Losses {
            total: parts.iter().map(|part| part.total).sum(),
            arguments,
            observations,
        })
    }

    /// Of one image, with the gradient with respect to its F.
    fn part(&self, image: usize, u: f64, output: &[f32], gradient: &mut [f32]) -> Part {
        let pixels = self.pixels();
        let Scaling { c_skip, c_out, .. } = self.scalings[image];
        let weight = self.weight(self.sigmas[image]);
        let range = image * pixels..(image + 1) * pixels;
        let images = self.images[range.clone()].iter().zip(&self.clean[range]);
        let factor = 2.0 * weight / u.exp() * c_out;
        let mut squares = 0.0;
        for (((noisy, clean), output), gradient) in images.zip(output).zip(gradient) {
            let denoised = c_skip * f64::from(*noisy) + c_out * f64::from(*output);
            let error = denoised - f64::from(*clean);
            squares += error * error;
            *gradient = (factor * error) as f32;
        }
        let weighted = weight / u.exp() * squares;
        Part {
            total: weighted + u * pixels as f64,
            observed: weight * squares / pixels as f64,
            of_uncertainty: pixels as f64 - weighted,
        }
    }
}
