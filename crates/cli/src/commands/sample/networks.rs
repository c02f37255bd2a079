//! The networks of a command: what their files say, and, when there is work, their weights.

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Tensor};
use foil_models::{
    Encoder, Pixels, Weights, autoencoder,
    checkpoint::Contents,
    edm2::{Config, Edm2, Generator, Guide, Network, Packing, check_guide},
};

use super::settings::{Precision, Settings};
use crate::{
    arguments::GuidanceName,
    files::Files,
    open::{NetworkFile, fingerprint},
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
    guides: Vec<NetworkFile>,
    autoencoder: Option<Autoencoder>,
    loaded: Option<Loaded>,
}

/// Weights that were not read.
struct Autoencoder {
    weights: Weights,
    fingerprint: String,
}

/// Ready to run.
pub struct Loaded {
    main: Edm2,
    /// In the order in which they were asked for.
    pub guides: Vec<Edm2>,
    encoder: Encoder,
    decoder: Option<autoencoder::Decoder>,
}

impl Networks {
    /// Finds the files and reads what they say of themselves; what does not fit together is told before weights are read.
    pub fn open(settings: &Settings, guides: &[String], files: &Files) -> Result<Self> {
        let main = NetworkFile::open(&settings.model, files)?;
        let guides: Vec<NetworkFile> = guides
            .iter()
            .map(|name| NetworkFile::open(name, files))
            .collect::<Result<_>>()?;
        for guide in &guides {
            check_guide(&main.config, &guide.config)?;
        }
        check_class(settings, &main.config)?;
        let channels = main.config.channels;
        ensure!(
            main.encoder.fits(channels),
            "{} makes {channels} channels, which its encoder has no pixels for",
            settings.model
        );
        let autoencoder = match &main.encoder {
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
            guides,
            autoencoder,
            loaded: None,
        })
    }

    /// Of the network that is guided.
    pub fn config(&self) -> &Config {
        &self.main.config
    }

    /// Of a network that guides it, by its place among those that were asked for.
    pub fn guide_config(&self, index: usize) -> &Config {
        &self.guides[index].config
    }

    /// Height and width of its images, in pixels.
    pub fn image_side(&self) -> usize {
        let scale = match self.main.encoder {
            Encoder::Rgb => 1,
            Encoder::Latent(_) => autoencoder::Config::default().scale(),
        };
        self.main.config.resolution * scale
    }

    /// Channels of its images.
    pub fn image_channels(&self) -> usize {
        match self.main.encoder {
            Encoder::Rgb => self.main.config.channels,
            Encoder::Latent(_) => 3,
        }
    }

    /// Of the files of weights, in the order model, guides, autoencoder.
    pub fn fingerprints(&self) -> Vec<String> {
        let networks = std::iter::once(&self.main).chain(&self.guides);
        let networks = networks.map(|file| &file.fingerprint);
        let autoencoder = self.autoencoder.iter().map(|file| &file.fingerprint);
        networks.chain(autoencoder).cloned().collect()
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
            Ok(Network::load(&file.config, &file.weights, &packing)?.preconditioned())
        };
        let decoder = |file: &Autoencoder| {
            let config = autoencoder::Config::default();
            autoencoder::Decoder::new(&file.weights, &config, packing.dtype, device)
        };
        let bar = progress.bar("loading", 1, "network");
        self.loaded = Some(Loaded {
            main: load(&self.main)?,
            guides: self.guides.iter().map(load).collect::<Result<_>>()?,
            encoder: self.main.encoder.clone(),
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
    pub fn generator<'a>(
        &'a self,
        settings: &Settings,
        guide: Option<&'a Edm2>,
    ) -> Result<Generator<'a>> {
        Ok(Generator {
            main: &self.main,
            guide: match (settings.method()?, guide) {
                (GuidanceName::Truncation(_), _) => Guide::Flat,
                (_, Some(guide)) => Guide::Network(guide),
                (_, None) => Guide::None,
            },
            weight: settings.weight()?,
            interval: settings.interval()?,
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

/// The numbers of the result for one seed.
pub fn finite(sample: &Tensor, seed: u64) -> Result<Vec<f32>> {
    let numbers: Vec<f32> = sample.flatten_all()?.to_vec1()?;
    ensure!(
        numbers.iter().all(|number| number.is_finite()),
        "the trajectory of seed {seed} diverged: choose a weight nearer to 1 or more steps"
    );
    Ok(numbers)
}

fn check_class(settings: &Settings, config: &Config) -> Result<()> {
    let Some(class) = settings.class else {
        return Ok(());
    };
    match config.labels {
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
