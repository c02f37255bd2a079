//! `foil train` and `foil train-classifier`: a network from images.

mod panel;
mod resolve;
mod samples;
mod view;

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use candle_core::DType;
use foil_data::{Dataset, Split};
use foil_models::Encoder;
use foil_training::{
    Classification, Denoising, Folder, Goal, Images, Precision, Presentation, Run, Settings, Task,
};

use self::{samples::Samples, view::View};
use crate::{arguments::TrainNetwork, output, progress::Progress};
pub use resolve::Verb;

/// Trains, or continues.
pub fn run(verb: Verb, arguments: &TrainNetwork) -> Result<()> {
    let (mut settings, named) = resolve::settings(verb, arguments)?;
    if arguments.dry_run {
        return output::print(&resolve::described(&settings)?);
    }
    let before = Folder::settings_in(&arguments.out)?;
    let path = resolve::data(arguments, &settings, before.as_ref())?;
    let dataset = Dataset::open(&path, &settings.data.options(Split::Train))?;
    settings.data.path = path.display().to_string();
    settings.data.fingerprint = dataset.fingerprint();
    resolve::say_data(&Progress::new(), &dataset);
    let images = images(dataset, &settings)?;
    let dtype = match settings.training.precision {
        Precision::F32 => DType::F32,
        Precision::Bf16 => DType::BF16,
    };
    let trained = match settings.task.clone() {
        Goal::Denoiser { network, noise } => {
            let samples = Samples::new(network.clone(), Encoder::Rgb, &arguments.out);
            let mut task = Denoising::new(network, noise, dtype, images)?;
            train(&arguments.out, settings, &mut task, Some(samples))
        }
        Goal::Classifier { network, noise } => {
            let mut task = Classification::new(network, noise, dtype, images)?;
            train(&arguments.out, settings, &mut task, None)
        }
    };
    trained.with_context(|| format!("training {named}"))
}

fn images(dataset: Dataset, settings: &Settings) -> Result<Images> {
    let presentation = Presentation {
        encoder: Encoder::Rgb,
        seed: settings.training.seed,
        mirror: settings.data.mirror,
    };
    Ok(Images::new(Arc::new(dataset), presentation)?)
}

fn train(
    out: &Path,
    settings: Settings,
    task: &mut impl Task,
    samples: Option<Samples>,
) -> Result<()> {
    let mut run = Run::open(Folder::open(out)?, settings, task)?;
    let mut view = View::new(run.state().images_seen, Folder::history(out)?, samples);
    let trained = run.train(task, &mut view);
    view.end();
    trained?;
    report(out, run.state().images_seen)
}

fn report(out: &Path, images: u64) -> Result<()> {
    output::print(&format!(
        "trained on {images} images; networks are in {}\n",
        out.join("snapshots").display()
    ))
}
