//! The training of classifiers: of noisy images at all noise levels, for guidance, or of clean ones, for judging.

use std::{ops::Range, path::Path};

use candle_core::{DType, Device, Tensor};
use foil_models::{
    Weights,
    checkpoint::{Provenance, Role, Snapshot},
    edm2::{Classifier, Config},
};
use foil_tensor::traced::Traced;

use crate::{
    NoiseLevels, Result,
    images::Images,
    task::{Losses, Observation, Task},
};

/// The training of a classifier.
pub struct Classification {
    config: Config,
    /// None is clean images.
    levels: Option<NoiseLevels>,
    /// Of activations.
    dtype: DType,
    images: Images,
    names: Vec<String>,
}

impl Classification {
    /// Of a network of this description on these images, at these noise levels or on clean images.
    pub fn new(
        config: Config,
        levels: Option<NoiseLevels>,
        dtype: DType,
        images: Images,
    ) -> Result<Self> {
        let tensors = config.plan()?.classifier_tensors(&config);
        let shape = [config.channels, config.resolution, config.resolution];
        images.check(shape, config.labels)?;
        Ok(Self {
            names: tensors.into_iter().map(|(name, _)| name).collect(),
            config,
            levels,
            dtype,
            images,
        })
    }
}

impl Task for Classification {
    fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>> {
        Ok(self.config.plan()?.classifier_tensors(&self.config))
    }

    fn losses(&mut self, tensors: &[Traced], images: Range<u64>) -> Result<Losses> {
        let batch = self.images.batch(images)?;
        let level = |&key: &u64| self.levels.map_or(0.0, |levels| levels.draw(key));
        let sigmas: Vec<f64> = batch.keys.iter().map(level).collect();
        let noisy = batch.noisy(&sigmas)?;
        let input = Tensor::from_vec(noisy, batch.clean.shape(), &Device::Cpu)?;
        let input = Traced::constant(input);
        let network = Classifier::trainable(&self.config, self.dtype, |name| {
            let index = self.names.iter().position(|known| known == name);
            let index = index.expect("the network asks for the tensors of its plan");
            Ok(tensors[index].clone())
        })?;
        let logits = network.judge(&input, &sigmas)?.logits;
        let numbers = logits.value().to_vec2::<f32>()?;
        let mut gradient = Vec::with_capacity(numbers.len() * self.config.labels);
        let mut observations = Vec::with_capacity(numbers.len());
        for ((logits, &class), &sigma) in numbers.iter().zip(&batch.classes).zip(&sigmas) {
            let (probabilities, loss) = cross_entropy(logits, class as usize);
            let largest = probabilities.iter().copied().fold(0.0, f64::max);
            observations.push(Observation {
                sigma,
                loss,
                correct: Some(probabilities[class as usize] >= largest),
            });
            let wanted = |index| f64::from(u8::from(index == class as usize));
            let differences = probabilities.iter().enumerate();
            gradient.extend(differences.map(|(index, p)| (p - wanted(index)) as f32));
        }
        let gradient = Tensor::from_vec(gradient, logits.value().shape(), &Device::Cpu)?;
        Ok(Losses {
            total: observations.iter().map(|seen| seen.loss).sum(),
            arguments: vec![(logits, gradient)],
            observations,
        })
    }

    fn save(&self, weights: Weights, provenance: Provenance, path: &Path) -> Result<()> {
        let snapshot = Snapshot {
            role: match self.levels {
                Some(_) => Role::NoisyClassifier,
                None => Role::CleanClassifier,
            },
            config: self.config.clone(),
            encoder: self.images.encoder().clone(),
            weights,
            provenance,
        };
        Ok(snapshot.save(path)?)
    }
}

/// Probabilities of the classes, and −log of the right one's.
fn cross_entropy(logits: &[f32], class: usize) -> (Vec<f64>, f64) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.iter().map(|&logit| f64::from(logit - largest).exp());
    let powers: Vec<f64> = powers.collect();
    let sum: f64 = powers.iter().sum();
    let loss = sum.ln() - f64::from(logits[class] - largest);
    (powers.into_iter().map(|power| power / sum).collect(), loss)
}

#[cfg(test)]
mod tests {
    use super::cross_entropy;

    #[test]
    fn cross_entropy_is_that_of_the_softmax() {
        let (probabilities, loss) = cross_entropy(&[1.0, 3.0, -2.0], 1);
        let sum = 1.0_f64.exp() + 3.0_f64.exp() + (-2.0_f64).exp();
        assert!((probabilities[0] - 1.0_f64.exp() / sum).abs() < 1e-12);
        assert!((loss + (3.0_f64.exp() / sum).ln()).abs() < 1e-12);
        let (_, loss) = cross_entropy(&[1000.0, -1000.0], 1);
        assert!((loss - 2000.0).abs() < 1e-9);
    }
}
