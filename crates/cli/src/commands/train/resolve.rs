//! From what was typed to settings: preset or file, then flags.

use std::{fmt::Write, path::PathBuf};

use anyhow::{Context, Result, bail};
use foil_data::Dataset;
use foil_training::{Goal, Layout, Precision, Settings, preset};

use crate::{
    arguments::{TrainNetwork, TrainPrecision},
    progress::Progress,
};

/// Which of the two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `foil train`, of networks that make images.
    Train,
    /// `foil train-classifier`.
    TrainClassifier,
}

impl Verb {
    fn check(self, goal: &Goal) -> Result<()> {
        match (self, goal) {
            (Self::Train, Goal::Classifier { .. }) => {
                bail!("these settings are of a classifier: use foil train-classifier")
            }
            (Self::TrainClassifier, Goal::Denoiser { .. }) => {
                bail!("these settings are of a network that makes images: use foil train")
            }
            _ => Ok(()),
        }
    }
}

/// The settings, and what they are called.
pub fn settings(verb: Verb, arguments: &TrainNetwork) -> Result<(Settings, String)> {
    let (mut settings, named) = match (&arguments.preset, &arguments.config) {
        (_, Some(path)) => {
            let bytes = foil_files::read(path, 1 << 20)?;
            let text = String::from_utf8_lossy(&bytes);
            let settings = Settings::from_toml(&text);
            let named = path.display().to_string();
            (settings.with_context(|| named.clone())?, named)
        }
        (Some(name), None) => (preset::find(name)?, name.clone()),
        (None, None) => bail!("--preset or --config is needed"),
    };
    let training = &mut settings.training;
    if let Some(images) = arguments.images {
        training.images = images as u64;
    }
    if let Some(batch) = arguments.batch {
        training.batch = batch as u64;
    }
    if let Some(micro_batch) = arguments.micro_batch {
        training.micro_batch = micro_batch as u64;
    }
    if let Some(rate) = arguments.learning_rate {
        training.learning_rate.reference = rate;
    }
    if let Some(seed) = arguments.seed {
        training.seed = seed;
    }
    if let Some(precision) = arguments.precision {
        training.precision = match precision {
            TrainPrecision::F32 => Precision::F32,
            TrainPrecision::Bf16 => Precision::Bf16,
        };
    }
    settings.check()?;
    verb.check(&settings.task)?;
    Ok((settings, named))
}

/// Where the images are: as typed, or as the settings or the run in the folder say.
pub fn data(
    arguments: &TrainNetwork,
    settings: &Settings,
    before: Option<&Settings>,
) -> Result<PathBuf> {
    if let Some(path) = &arguments.data {
        return Ok(path.clone());
    }
    let known = [Some(settings), before];
    let known = known
        .into_iter()
        .flatten()
        .map(|settings| &settings.data.path);
    match known.into_iter().find(|path| !path.is_empty()) {
        Some(path) => Ok(path.into()),
        None => bail!("--data PATH is needed: a folder of IDX files or of images, or an archive"),
    }
}

/// The settings as TOML, with what they come to.
pub fn described(settings: &Settings) -> Result<String> {
    let mut text = settings.to_toml()?;
    let network = settings.task.network();
    let plan = network.plan()?;
    let tensors = match settings.task {
        Goal::Denoiser { .. } => plan.tensors(network),
        Goal::Classifier { .. } => plan.classifier_tensors(network),
    };
    let parameters = Layout::new(tensors).trained();
    let steps = settings.training.images.div_ceil(settings.training.batch);
    write!(text, "\n# {parameters} parameters, {steps} steps")?;
    if let Goal::Denoiser { .. } = settings.task {
        let millions = plan.multiply_adds(network) / 1_000_000;
        write!(
            text,
            ", {millions} million multiply-adds for an evaluation of an image"
        )?;
    }
    text.push('\n');
    Ok(text)
}

/// What was found, and what was left out.
pub fn say_data(progress: &Progress, dataset: &Dataset) {
    const SHOWN: usize = 5;
    let [channels, height, width] = dataset.shape();
    progress.say(&format!(
        "{} images, {channels}×{height}×{width}, {} classes",
        dataset.len(),
        dataset.classes()
    ));
    let skipped = dataset.skipped();
    for skipped in skipped.iter().take(SHOWN) {
        progress.say(&format!(
            "left out: {}: {}",
            skipped.path.display(),
            skipped.reason
        ));
    }
    if skipped.len() > SHOWN {
        progress.say(&format!("left out: {} more", skipped.len() - SHOWN));
    }
}
