//! What guides a network of this family: from the guides that a plan names to networks with their conditions.

use candle_core::Tensor;
use foil_diffusion::{
    Denoiser, Error as DiffusionError, FromFunction, Model, Noise, Result as DiffusionResult,
    Sigma,
    guidance::{Classifier, Guide, Guides},
    random::StreamKind,
};

use super::{Blocks, Edm2, Labels, NoisyClassifier, Perturbation, Perturbed};

/// Networks beside the one that is guided. Which of them are needed, the plan says.
#[derive(Debug, Clone, Copy, Default)]
pub struct GuideNetworks<'a> {
    /// A weaker version of the network, for `auto`.
    pub auto: Option<&'a Edm2>,
    /// A network without classes, for `cfg`.
    pub unconditional: Option<&'a Edm2>,
    /// For `classifier`.
    pub classifier: Option<&'a NoisyClassifier>,
    /// The network with other weights, for each guide that is one: `weight-noise`, `bits`, `ema`.
    pub reweighted: &'a [(Guide, Edm2)],
}

/// Supplies the guides of one batch.
pub(super) struct Supply<'a> {
    pub main: &'a Edm2,
    pub networks: GuideNetworks<'a>,
    pub labels: &'a Labels,
    /// Of each image; none if the network knows none.
    pub classes: &'a [u32],
    pub seeds: &'a [u64],
}

impl<'a> Guides<'a> for Supply<'a> {
    fn weak(&mut self, guide: &Guide) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        let given =
            |network: &'a Edm2| -> Box<dyn Denoiser + 'a> { Box::new(network.given(self.labels)) };
        let missing = |what: &str| DiffusionError::Guidance(format!("{guide} needs {what}"));
        match guide {
            Guide::Auto(_) => {
                let network = self.networks.auto;
                network
                    .map(given)
                    .ok_or_else(|| missing("a weaker network"))
            }
            Guide::ClassifierFree(_) => {
                let network = self.networks.unconditional;
                let missing = || missing("an unconditional network");
                network.map(given).ok_or_else(missing)
            }
            Guide::IndependentCondition(_) => self.other_classes(),
            Guide::WeightNoise(_) | Guide::Bits(_) | Guide::Average(_) => {
                let mut networks = self.networks.reweighted.iter();
                let network = networks.find(|(known, _)| known == guide);
                let network = network.map(|(_, network)| given(network));
                network.ok_or_else(|| missing("the network with other weights"))
            }
            _ => self.perturbed(guide),
        }
    }

    fn again(&mut self) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        Ok(Box::new(self.main.given(self.labels)))
    }

    fn classifier(&mut self) -> DiffusionResult<Box<dyn Classifier + 'a>> {
        let network = self.networks.classifier.ok_or_else(|| {
            DiffusionError::Guidance("classifier needs a classifier of noisy images".into())
        })?;
        if self.classes.is_empty() {
            let problem = "classifier needs a network with classes, or --class";
            return Err(DiffusionError::Guidance(problem.into()));
        }
        Ok(Box::new(ByClasses {
            network,
            classes: self.classes.to_vec(),
            evaluations: 0,
        }))
    }

    fn noise(&mut self) -> DiffusionResult<Noise> {
        // Beside the images' own streams, whatever these are.
        let apart = self.seeds.iter().map(|seed| seed ^ (1 << 63));
        Ok(Noise::new(StreamKind::Foil, apart))
    }
}

impl<'a> Supply<'a> {
    fn other_classes(&self) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        let count = self.main.network.config().labels;
        let device = candle_core::Device::Cpu;
        let others = Labels::others(self.classes, self.seeds, count, &device);
        let others = others.map_err(DiffusionError::network)?;
        let main = self.main;
        Ok(Box::new(FromFunction::new(
            move |noisy: &Tensor, sigma: Sigma| main.denoise_at(noisy, sigma, &others),
        )))
    }

    /// The main network with a change inside.
    fn perturbed(&self, guide: &Guide) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        let perturbation = perturbation(guide, self.main).map_err(DiffusionError::network)?;
        let perturbed = Perturbed::new(self.main, &perturbation, self.seeds);
        let perturbed = perturbed.map_err(DiffusionError::network)?;
        let labels = self.labels;
        Ok(Box::new(FromFunction::new(
            move |noisy: &Tensor, sigma: Sigma| perturbed.denoise_at(noisy, sigma, labels),
        )))
    }
}

fn perturbation(guide: &Guide, main: &Edm2) -> crate::Result<Perturbation> {
    Ok(match guide {
        Guide::Dropout(dropout) => Perturbation::Dropout {
            probability: dropout.probability,
        },
        Guide::Skip(skip) => {
            Perturbation::SkippedBlocks(Blocks::named(main.network.config(), &skip.blocks)?)
        }
        Guide::AttentionIdentity(_) => Perturbation::IdentityAttention(Blocks::All),
        Guide::AttentionBlur(blur) => Perturbation::BlurredQueries {
            sigma: blur.sigma,
            blocks: Blocks::All,
        },
        Guide::TimeStep(step) => Perturbation::NoiseLevel {
            scale: step.scale,
            power: step.exponent,
        },
        other => {
            let problem = format!("{other} is no change inside this network");
            return Err(crate::Error::Perturbation(problem));
        }
    })
}

/// A classifier that is asked for the classes of a batch.
struct ByClasses<'a> {
    network: &'a NoisyClassifier,
    classes: Vec<u32>,
    evaluations: u64,
}

impl Classifier for ByClasses<'_> {
    fn gradient(&mut self, noisy: &Tensor, sigma: Sigma) -> DiffusionResult<Tensor> {
        self.evaluations += 1;
        let gradient = self.network.gradient(noisy, sigma, &self.classes);
        gradient.map_err(DiffusionError::network)
    }

    fn evaluations(&self) -> u64 {
        self.evaluations
    }
}

/// Networks that cost nothing: for counting how often they are asked.
pub(super) struct Counted;

impl<'a> Guides<'a> for Counted {
    fn weak(&mut self, _guide: &Guide) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        self.again()
    }

    fn again(&mut self) -> DiffusionResult<Box<dyn Denoiser + 'a>> {
        Ok(Box::new(FromFunction::new(|x: &Tensor, _| {
            Ok(x.zeros_like()?)
        })))
    }

    fn classifier(&mut self) -> DiffusionResult<Box<dyn Classifier + 'a>> {
        Ok(Box::new(Flat(0)))
    }

    fn noise(&mut self) -> DiffusionResult<Noise> {
        Ok(Noise::new(StreamKind::Foil, [0]))
    }
}

/// A classifier that cannot tell anything apart.
struct Flat(u64);

impl Classifier for Flat {
    fn gradient(&mut self, noisy: &Tensor, _sigma: Sigma) -> DiffusionResult<Tensor> {
        self.0 += 1;
        Ok(noisy.zeros_like()?)
    }

    fn evaluations(&self) -> u64 {
        self.0
    }
}
