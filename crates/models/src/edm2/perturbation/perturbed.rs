//! A network with its perturbation, as a model.

use std::sync::atomic::{AtomicU32, Ordering};

use candle_core::Tensor;
use foil_diffusion::{
    Model, Sigma,
    precondition::{self, Edm, Preconditioned},
};

use super::{
    super::{
        Dropout, Edm2, Labels, Network, Packed,
        alteration::{Alteration, Unaltered},
        streams::{Draw, Purpose, check_seeds},
    },
    Perturbation,
    blur::BlurredQueries,
    identity::IdentityAttention,
    input_noise::InputNoise,
    noise_level::NoiseLevel,
    skip::SkippedBlocks,
};
use crate::Result;

/// A perturbed network, which shares its weights with the network it borrows.
///
/// Random perturbations draw from a stream of each image, which advances with each evaluation: images do not depend on their batch,
/// and the same seeds give the same images if each trajectory begins with a new `Perturbed`. A strength of 0 is the network itself.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (main, labels, seeds): (foil_models::edm2::Edm2, foil_models::edm2::Labels, Vec<u64>) = todo!();
/// use foil_diffusion::{Model, guidance::{Guided, Weight}};
/// use foil_models::edm2::{Blocks, Perturbation, Perturbed};
///
/// let perturbation = Perturbation::IdentityAttention(Blocks::All);
/// let weak = Perturbed::new(&main, &perturbation, &seeds)?;
/// let guided = Guided::new(main.given(&labels), weak.given(&labels), Weight::constant(3.0)?);
/// # Ok(()) }
/// ```
pub struct Perturbed<'a> {
    model: &'a Edm2,
    form: Form,
    /// Of each image's stream; not looked at where nothing is random.
    keys: Vec<u64>,
    /// Draws of one evaluation.
    draws: u32,
    evaluations: AtomicU32,
}

/// What is done, ready to be done.
enum Form {
    Nothing,
    Altered(Box<dyn Alteration<Tensor> + Send + Sync>),
    Dropout(f64),
    NoiseLevel(NoiseLevel),
    InputNoise(InputNoise),
}

impl<'a> Perturbed<'a> {
    /// Of images with these seeds, in the order of the batch; only a random perturbation needs them.
    pub fn new(model: &'a Edm2, perturbation: &Perturbation, seeds: &[u64]) -> Result<Self> {
        let config = model.network.config();
        perturbation.check(config)?;
        let form = match *perturbation {
            Perturbation::Dropout { probability: 0.0 }
            | Perturbation::BlurredQueries { sigma: 0.0, .. }
            | Perturbation::NoiseLevel { scale: 0.0, .. }
            | Perturbation::InputNoise { raise: 0.0 } => Form::Nothing,
            Perturbation::Dropout { probability } => Form::Dropout(probability),
            Perturbation::NoiseLevel { scale, power } => {
                Form::NoiseLevel(NoiseLevel { scale, power })
            }
            Perturbation::InputNoise { raise } => Form::InputNoise(InputNoise { raise }),
            Perturbation::SkippedBlocks(ref blocks) => {
                Form::Altered(Box::new(SkippedBlocks(blocks.of(config)?)))
            }
            Perturbation::IdentityAttention(ref blocks) => {
                Form::Altered(Box::new(IdentityAttention(blocks.attending(config)?)))
            }
            Perturbation::BlurredQueries { sigma, ref blocks } => {
                let chosen = blocks.attending(config)?;
                Form::Altered(Box::new(BlurredQueries { chosen, sigma }))
            }
        };
        let keys = seeds.iter().map(|&seed| Purpose::Perturbation.key(seed));
        Ok(Self {
            model,
            form,
            keys: keys.collect(),
            draws: config.plan()?.blocks().count() as u32,
            evaluations: AtomicU32::new(0),
        })
    }

    /// The first draw of a new evaluation of these images.
    fn begin(&self, noisy: &Tensor) -> foil_diffusion::Result<Draw<'_>> {
        let evaluation = self.evaluations.fetch_add(1, Ordering::Relaxed);
        if matches!(
            self.form,
            Form::Dropout(_) | Form::NoiseLevel(_) | Form::InputNoise(_)
        ) {
            let images = noisy.dims().first().copied().unwrap_or(0);
            check_seeds(self.keys.len(), images).map_err(foil_diffusion::Error::network)?;
        }
        Ok(Draw {
            keys: &self.keys,
            number: evaluation.wrapping_mul(self.draws),
        })
    }

    fn evaluation<'b>(&'b self, draw: Draw<'b>) -> Preconditioned<Evaluation<'b>, Edm> {
        let dropout = match self.form {
            Form::Dropout(probability) => Some(Dropout {
                probability,
                keys: self.keys.clone(),
                draw: draw.number,
            }),
            _ => None,
        };
        Preconditioned {
            network: Evaluation {
                perturbed: self,
                dropout,
                draw,
            },
            precondition: self.model.precondition,
        }
    }
}

impl Model for Perturbed<'_> {
    type Condition = Labels;

    fn denoise_batch(
        &self,
        noisy: &Tensor,
        sigma: &Tensor,
        labels: &Labels,
    ) -> foil_diffusion::Result<Tensor> {
        let draw = self.begin(noisy)?;
        let evaluation = self.evaluation(draw);
        let Form::InputNoise(noise) = self.form else {
            return evaluation.denoise_batch(noisy, sigma, labels);
        };
        let noisier = noise.batch(noisy, sigma, draw);
        let (noisy, sigma) = noisier.map_err(foil_diffusion::Error::network)?;
        evaluation.denoise_batch(&noisy, &sigma, labels)
    }

    fn denoise_at(
        &self,
        noisy: &Tensor,
        sigma: Sigma,
        labels: &Labels,
    ) -> foil_diffusion::Result<Tensor> {
        let draw = self.begin(noisy)?;
        let evaluation = self.evaluation(draw);
        let Form::InputNoise(noise) = self.form else {
            return evaluation.denoise_at(noisy, sigma, labels);
        };
        let noisier = noise.at(noisy, sigma, draw);
        let (noisy, sigma) = noisier.map_err(foil_diffusion::Error::network)?;
        evaluation.denoise_at(&noisy, sigma, labels)
    }
}

impl std::fmt::Debug for Perturbed<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let images = self.keys.len();
        formatter
            .debug_struct("Perturbed")
            .field("images", &images)
            .finish_non_exhaustive()
    }
}

/// The raw network in one evaluation.
struct Evaluation<'a> {
    perturbed: &'a Perturbed<'a>,
    dropout: Option<Dropout>,
    draw: Draw<'a>,
}

impl Evaluation<'_> {
    fn evaluate(&self, input: &Tensor, noise: &Tensor, labels: &Labels) -> Result<Tensor> {
        let Perturbed { model, form, .. } = self.perturbed;
        let network: &Network<Packed> = &model.network;
        match (form, &self.dropout) {
            (Form::Altered(alteration), _) => {
                network.altered(input, noise, labels, alteration.as_ref())
            }
            (_, Some(dropout)) => network.altered(input, noise, labels, dropout),
            (Form::NoiseLevel(level), _) => {
                let noise = level.told(noise, self.draw)?;
                network.altered(input, &noise, labels, &Unaltered)
            }
            _ => network.altered(input, noise, labels, &Unaltered),
        }
    }
}

impl precondition::Network for Evaluation<'_> {
    type Condition = Labels;

    fn forward(
        &self,
        input: &Tensor,
        noise: &Tensor,
        labels: &Labels,
    ) -> foil_diffusion::Result<Tensor> {
        let output = self.evaluate(input, noise, labels);
        output.map_err(foil_diffusion::Error::network)
    }
}
