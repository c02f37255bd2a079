//! A classifier of noisy images as guidance uses it: log p(class | x; σ) and its gradient with respect to the image. Dhariwal & Nichol
//! 2021, section 4.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::Sigma;
use foil_tensor::traced::{Traced, gradients};

use super::{
    Classifier, Config,
    fixed::{Fixed, Stored},
};
use crate::{
    Error, Result,
    checkpoint::{Role, Snapshot},
};

/// A classifier told the noise level. It runs on the CPU, and what it says of an image does not depend on the others.
#[derive(Debug)]
pub struct NoisyClassifier(Classifier<Fixed>);

impl NoisyClassifier {
    /// Loads a classifier of noisy images; `precision`, of its weights and activations, is `F32` or `BF16`.
    pub fn load(snapshot: &Snapshot, precision: DType) -> Result<Self> {
        let Snapshot {
            role,
            config,
            weights,
            ..
        } = snapshot;
        let refuse = |problem: &str| Err(weights.wrong(problem.to_owned()));
        match (role, precision) {
            (Role::NoisyClassifier, DType::F32 | DType::BF16) => {}
            (Role::NoisyClassifier, other) => {
                return refuse(&format!(
                    "a classifier runs in F32 or BF16, not in {other:?}"
                ));
            }
            (Role::CleanClassifier, _) => {
                return refuse("a classifier of clean images; one of noisy images guides");
            }
            (Role::Denoiser, _) => {
                return refuse(
                    "a network that makes images; a classifier of noisy ones was asked for",
                );
            }
        }
        weights.check(&snapshot.tensors()?)?;
        let source = &mut Stored {
            weights,
            dtype: precision,
        };
        Ok(Self(Classifier::assemble(config, precision, source)?))
    }

    /// The network's description; its labels are the classes.
    pub fn config(&self) -> &Config {
        self.0.config()
    }

    /// log p(class | x; σ) `[batch, classes]` for `noisy` `[batch, channels, height, width]`, x = x₀ + σ·n.
    pub fn log_probabilities(&self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        let logits = self.logits(&Traced::constant(single(noisy)?), sigma)?;
        let rows = logits.value().to_vec2::<f32>()?;
        let rows: Vec<Vec<f32>> = rows
            .iter()
            .map(|row| logarithms(row).into_iter().map(|log| log as f32).collect())
            .collect();
        Ok(Tensor::new(rows, &Device::Cpu)?)
    }

    /// ∇ₓ log p(class | x; σ), shaped as `noisy` `[batch, channels, height, width]`, with one class for each image.
    ///
    /// The network scales its input by 1/√(σ² + σ_data²); the gradient is that of the image before.
    pub fn gradient(&self, noisy: &Tensor, sigma: Sigma, classes: &[u32]) -> Result<Tensor> {
        let count = self.config().labels;
        if classes.len() != noisy.dims().first().copied().unwrap_or(0) {
            let images = noisy.dims();
            let problem = format!("{} classes for images {images:?}", classes.len());
            return Err(Error::Condition(problem));
        }
        if let Some(class) = classes.iter().find(|&&class| class as usize >= count) {
            return Err(Error::Condition(format!(
                "class {class} does not exist: the classifier knows 0 to {}",
                count.saturating_sub(1)
            )));
        }
        let input = Traced::variable(single(noisy)?);
        let logits = self.logits(&input, sigma)?;
        let rows = logits.value().to_vec2::<f32>()?;
        // ∂ log p(c) / ∂ logits = one-hot of c − probabilities.
        let rows = rows.iter().zip(classes).flat_map(|(row, &class)| {
            let probabilities = logarithms(row).into_iter().map(f64::exp).enumerate();
            probabilities.map(move |(index, p)| {
                let own = f64::from(u8::from(index == class as usize));
                (own - p) as f32
            })
        });
        let of_logits = Tensor::from_iter(rows, &Device::Cpu)?.reshape(logits.value().shape())?;
        let found = gradients(&[(logits, of_logits)])?.take(&input);
        // Without a gradient the image had no part in the logits.
        let gradient = found.unwrap_or_else(|| vec![0.0; noisy.elem_count()]);
        Ok(Tensor::from_vec(gradient, noisy.shape(), &Device::Cpu)?)
    }

    fn logits(&self, noisy: &Traced, sigma: Sigma) -> Result<Traced> {
        let batch = noisy.value().dims().first().copied().unwrap_or(0);
        Ok(self.0.judge(noisy, &vec![sigma.get(); batch])?.logits)
    }
}

fn single(noisy: &Tensor) -> Result<Tensor> {
    Ok(noisy.to_dtype(DType::F32)?)
}

/// The logarithm of the softmax.
fn logarithms(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let above = |&logit: &f32| f64::from(logit - largest);
    let sum: f64 = logits.iter().map(|logit| above(logit).exp()).sum();
    logits.iter().map(|logit| above(logit) - sum.ln()).collect()
}
