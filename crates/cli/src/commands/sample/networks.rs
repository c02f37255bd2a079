//! The networks of a command: what their files say, and, when there is work, their weights.

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Tensor};
use foil_diffusion::guidance::Guide;
use foil_models::{
    Encoder, Pixels, Weights, autoencoder,
    checkpoint::Contents,
    edm2::{
        Blocks, Config, Degradation, Edm2, Generator, GuideNetworks, Network, NoisyClassifier,
        Packing, check_guide,
    },
};

use super::settings::{Precision, Role, Settings};
use crate::{
    averages::Average,
    files::Files,
    open::{ClassifierFile, NetworkFile, fingerprint},
    progress::Progress,
};

/// Which method is fastest for a convolution depends on how many images there are: always the one for this many, so that no
/// image depends on the batch it is in. For more, Winograd's method would take the lowest resolution too, where most of the
/// weights are: a quarter more memory for a twentieth of the time.
pub const EXPECTED_BATCH: usize = 2;

/// Images at once, unless it is said.
pub const BATCH: usize = 4;

/// Files, and what was loaded of them.
pub struct Networks {
    main: NetworkFile,
    guide: Option<NetworkFile>,
    unconditional: Option<NetworkFile>,
    classifier: Option<ClassifierFile>,
    /// Guides that are the main network with other weights.
    reweighted: Vec<(Guide, Reweighted)>,
    autoencoder: Option<Autoencoder>,
    loaded: Option<Loaded>,
}

/// Weights that were not read.
struct Autoencoder {
    weights: Weights,
    fingerprint: String,
}

/// The main network's weights, changed.
enum Reweighted {
    Degraded(Degradation),
    /// Another average of the run that it is of.
    Averaged(Box<NetworkFile>),
}

/// Ready to run.
pub struct Loaded {
    main: Edm2,
    guide: Option<Edm2>,
    unconditional: Option<Edm2>,
    classifier: Option<NoisyClassifier>,
    reweighted: Vec<(Guide, Edm2)>,
    encoder: Encoder,
    decoder: Option<autoencoder::Decoder>,
}

impl Networks {
    /// Finds the files and reads what they say of themselves; what does not fit together is told before weights are read.
    pub fn open(settings: &Settings, files: &Files) -> Result<Self> {
        let main = NetworkFile::open(&settings.model, files)?;
        let open = |role: Role| {
            let network = settings.network(role);
            let network = network.map(|name| NetworkFile::open(name, files));
            network.transpose()
        };
        let (guide, unconditional) = (open(Role::Guide)?, open(Role::Unconditional)?);
        for network in guide.iter().chain(&unconditional) {
            check_guide(main.config(), network.config())?;
        }
        if let (Some(name), Some(network)) = (&settings.unconditional, &unconditional) {
            let classes = network.config().labels;
            ensure!(
                classes == 0,
                "--unconditional {name} knows {classes} classes; cfg needs a network without classes"
            );
        }
        let classifier = settings.network(Role::Classifier);
        let classifier = classifier.map(|name| ClassifierFile::open(name, main.config(), files));
        let (plan, degradation) = (settings.guidance()?, settings.degradation()?);
        let guides = plan.terms().iter().map(|term| &term.guide);
        let mut reweighted = Vec::new();
        for guide in guides.chain(&degradation) {
            if let Guide::Skip(skip) = guide {
                Blocks::named(main.config(), &skip.blocks)?;
            }
            if let Some(weights) = Reweighted::of(guide, &settings.model, files)? {
                reweighted.push((guide.clone(), weights));
            }
        }
        let classifier = classifier.transpose()?;
        check_class(settings, classes(&main, classifier.as_ref()))?;
        let channels = main.config().channels;
        ensure!(
            main.snapshot.encoder.fits(channels),
            "{} makes {channels} channels, which its encoder has no pixels for",
            settings.model
        );
        let autoencoder = match &main.snapshot.encoder {
            Encoder::Rgb => None,
            Encoder::Latent(whitening) => {
                let published = format!(
                    "hf://{}/diffusion_pytorch_model.safetensors",
                    whitening.autoencoder
                );
                let name = settings.autoencoder.as_ref().unwrap_or(&published);
                Some(Autoencoder::open(name, files)?)
            }
        };
        if let (Some(name), None) = (&settings.autoencoder, &autoencoder) {
            bail!(
                "--autoencoder {name} has no use: {} makes pixels",
                settings.model
            );
        }
        Ok(Self {
            main,
            guide,
            unconditional,
            classifier,
            reweighted,
            autoencoder,
            loaded: None,
        })
    }

    /// Of the network that is guided.
    pub fn config(&self) -> &Config {
        self.main.config()
    }

    /// How many classes images may be of; 0 if there are none.
    pub fn classes(&self) -> usize {
        classes(&self.main, self.classifier.as_ref())
    }

    /// Height and width of its images, in pixels.
    pub fn image_side(&self) -> usize {
        let scale = match self.main.snapshot.encoder {
            Encoder::Rgb => 1,
            Encoder::Latent(_) => autoencoder::Config::default().scale(),
        };
        self.main.config().resolution * scale
    }

    /// Channels of its images.
    pub fn image_channels(&self) -> usize {
        match self.main.snapshot.encoder {
            Encoder::Rgb => self.main.config().channels,
            Encoder::Latent(_) => 3,
        }
    }

    /// Of the files of weights, in the order model, guide, unconditional network, classifier, autoencoder, other averages.
    pub fn fingerprints(&self) -> Vec<String> {
        let guides = self.guide.iter().chain(&self.unconditional);
        let networks = std::iter::once(&self.main).chain(guides);
        let networks = networks.map(|file| &file.fingerprint);
        let classifier = self.classifier.iter().map(|file| &file.fingerprint);
        let autoencoder = self.autoencoder.iter().map(|file| &file.fingerprint);
        let averages = self
            .reweighted
            .iter()
            .filter_map(|(_, weights)| match weights {
                Reweighted::Averaged(file) => Some(&file.fingerprint),
                Reweighted::Degraded(_) => None,
            });
        let all = networks
            .chain(classifier)
            .chain(autoencoder)
            .chain(averages);
        all.cloned().collect()
    }

    /// Reads and packs the weights.
    pub fn load(
        &mut self,
        precision: Precision,
        device: &Device,
        progress: &Progress,
    ) -> Result<()> {
        let packing = Packing {
            dtype: precision.dtype(),
            device: device.clone(),
            batch: EXPECTED_BATCH,
        };
        let load = |file: &NetworkFile| -> Result<Edm2> {
            let network = Network::load(file.config(), &file.snapshot.weights, &packing)?;
            Ok(network.preconditioned())
        };
        let decoder = |file: &Autoencoder| {
            let config = autoencoder::Config::default();
            autoencoder::Decoder::new(&file.weights, &config, packing.dtype, device)
        };
        let maybe = |file: &Option<NetworkFile>| file.as_ref().map(load).transpose();
        let bar = progress.bar("loading", 1, "network");
        let classifier = self.classifier.as_ref();
        let classifier = classifier.map(|file| NoisyClassifier::load(&file.snapshot, DType::F32));
        let reweighted = self.reweighted.iter().map(|(guide, weights)| {
            let network = match weights {
                Reweighted::Averaged(file) => load(file)?,
                Reweighted::Degraded(degradation) => {
                    let degraded = degradation.of(&self.main.snapshot)?;
                    Network::load(self.main.config(), &degraded.weights, &packing)?.preconditioned()
                }
            };
            Ok((guide.clone(), network))
        });
        self.loaded = Some(Loaded {
            main: load(&self.main)?,
            guide: maybe(&self.guide)?,
            unconditional: maybe(&self.unconditional)?,
            classifier: classifier.transpose()?,
            reweighted: reweighted.collect::<Result<_>>()?,
            encoder: self.main.snapshot.encoder.clone(),
            decoder: self.autoencoder.as_ref().map(decoder).transpose()?,
        });
        bar.done(precision.name());
        Ok(())
    }

    /// After [`Self::load`].
    pub fn loaded(&self) -> Result<&Loaded> {
        self.loaded.as_ref().context("the networks are not loaded")
    }
}

impl Loaded {
    /// The main network, guided as the settings say.
    pub fn generator(&self, settings: &Settings) -> Result<Generator<'_>> {
        Ok(Generator {
            main: &self.main,
            degradation: settings.degradation()?,
            plan: settings.guidance()?,
            guides: GuideNetworks {
                auto: self.guide.as_ref(),
                unconditional: self.unconditional.as_ref(),
                classifier: self.classifier.as_ref(),
                reweighted: &self.reweighted,
            },
            sampler: settings.sampler()?,
            levels: settings.levels()?,
            stream: settings.stream(),
            class: settings.class,
        })
    }

    /// 8-bit pixels of a network's results `[batch, channels, height, width]`.
    pub fn pixels(&self, samples: &Tensor) -> Result<Vec<Pixels>> {
        let images = match (&self.encoder, &self.decoder) {
            (Encoder::Latent(whitening), Some(decoder)) => {
                decoder.decode(&whitening.latents_from_network(samples)?)?
            }
            _ => samples.clone(),
        };
        Ok(self.encoder.pixels(&images)?)
    }
}

impl Autoencoder {
    fn open(name: &str, files: &Files) -> Result<Self> {
        let file = files
            .one(name)
            .context("the network makes latents, which need an autoencoder")?;
        let Contents::Tensors(weights) = Contents::of(&file)? else {
            bail!("{name} is no autoencoder; `foil inspect` shows what it is");
        };
        let fingerprint = fingerprint(&file)?;
        Ok(Self {
            weights,
            fingerprint,
        })
    }
}

impl Reweighted {
    /// What becomes of the main network's weights to make this guide, if that is how it is made.
    fn of(guide: &Guide, main: &str, files: &Files) -> Result<Option<Self>> {
        let degradation = match guide {
            Guide::WeightNoise(noise) => Degradation::Noise {
                amount: noise.amount,
                seed: 0,
            },
            Guide::Bits(bits) => Degradation::Quantisation {
                bits: bits.count as u32,
            },
            Guide::Average(average) => {
                let run = Average::parse(main)?.with_context(|| {
                    format!("{guide} needs the run that made the network: --model RUN@0.05, of which a weaker average guides")
                })?;
                let file = NetworkFile::open(&run.of_length(average.deviation), files)?;
                return Ok(Some(Self::Averaged(Box::new(file))));
            }
            _ => return Ok(None),
        };
        degradation.check()?;
        Ok(Some(Self::Degraded(degradation)))
    }
}

/// The numbers of the result for one seed.
pub fn finite(sample: &Tensor, seed: u64) -> Result<Vec<f32>> {
    let numbers: Vec<f32> = sample.flatten_all()?.to_vec1()?;
    ensure!(
        numbers.iter().all(|number| number.is_finite()),
        "the trajectory of seed {seed} diverged: choose a weight nearer to 1 or more steps"
    );
    Ok(numbers)
}

/// What images may be of: the main network's classes, or those that a classifier leads an unconditional network to.
fn classes(main: &NetworkFile, classifier: Option<&ClassifierFile>) -> usize {
    match (main.config().labels, classifier) {
        (0, Some(classifier)) => classifier.snapshot.config.labels,
        (known, _) => known,
    }
}

fn check_class(settings: &Settings, classes: usize) -> Result<()> {
    let Some(class) = settings.class else {
        return Ok(());
    };
    match classes {
        0 => bail!("{} is unconditional: it has no classes", settings.model),
        count if class as usize >= count => {
            bail!(
                "class {class} does not exist: {} knows 0 to {}",
                settings.model,
                count - 1
            )
        }
        _ => Ok(()),
    }
}
