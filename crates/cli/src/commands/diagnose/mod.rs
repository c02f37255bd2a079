//! `foil diagnose`: whether a guide can help, noise level by noise level.

mod plot;
mod report;

pub use report::{Diagnosis, Level, write};

use std::sync::Arc;

use anyhow::{Result, ensure};
use foil_data::Dataset;
use foil_diffusion::{
    Sigma,
    diagnosis::Errors,
    guidance::{Guide, Plan},
};
use foil_models::edm2::{Config, Examples, Generator};
use foil_training::{Images, Presentation};

use super::sample::{self, Networks, Settings};
use crate::{
    arguments::{Diagnose, Generation},
    files::Files,
    interrupt,
    open::NetworkFile,
    progress::Progress,
};

/// Noise levels, unless it is said.
pub const LEVELS: usize = 12;
/// Images at once, unless it is said.
const BATCH: usize = 16;

/// Compares the errors of network and guide.
pub fn run(arguments: &Diagnose) -> Result<()> {
    let generation = &arguments.generation;
    check_flags(generation)?;
    let mut settings = sample::settings(generation)?;
    settings.steps = generation.steps.unwrap_or(LEVELS);
    settings.check()?;
    check_guide(&settings.guidance()?)?;
    let files = Files::open(&generation.connection)?;
    let mut networks = Networks::open(&settings, &files)?;
    foil_files::check_writable(&arguments.out)?;
    let network = NetworkFile::open(&settings.model, &files)?;
    let images = images(arguments, &network)?;
    let progress = Progress::new();
    networks.load(settings.precision, &generation.device, &progress)?;
    let generator = networks.loaded()?.generator(&settings)?;
    let work = Work {
        arguments,
        progress: &progress,
        levels: levels(&settings)?,
    };
    // Work handed to the pool from outside it would wait at every operation.
    let errors = rayon::scope(|_| work.errors(&generator, images))?;
    let found = work.levels.iter().zip(&errors);
    let diagnosis = Diagnosis {
        main: settings.model.clone(),
        guide: guide(&generator.plan),
        guide_model: settings.guide.clone().or(settings.unconditional.clone()),
        truth: "clean images",
        samples: arguments.images,
        seed: arguments.seed,
        levels: found
            .map(|(sigma, errors)| Level::new(*sigma, errors.compatibility()))
            .collect(),
    };
    write(&diagnosis, &arguments.out, arguments.json)
}

/// The guide of a plan that has one, in its own words.
pub fn guide(plan: &Plan) -> String {
    let first = plan.terms().first();
    first.map_or_else(String::new, |term| term.guide.to_string())
}

/// That there is one guide, which makes an estimate.
pub fn check_guide(plan: &Plan) -> Result<()> {
    let [term] = plan.terms() else {
        let count = plan.terms().len();
        anyhow::bail!("a diagnosis is of one guide, and --guidance {plan} has {count}");
    };
    ensure!(
        !matches!(term.guide, Guide::Classifier(_)),
        "a classifier makes no estimate that could be looked at; choose another --guidance than {plan}"
    );
    Ok(())
}

/// The levels that are above 0.
fn levels(settings: &Settings) -> Result<Vec<Sigma>> {
    let levels = settings.levels()?;
    let levels = levels.as_slice().iter().copied();
    Ok(levels.filter(|sigma| sigma.get() > 0.0).collect())
}

/// What belongs to a way of sampling, of which there is none here, is not passed over in silence.
fn check_flags(generation: &Generation) -> Result<()> {
    for (flag, typed) in [
        ("--sampler", generation.sampler.is_some()),
        ("--churn", generation.churn.is_some()),
        ("--interval", generation.interval.is_some()),
        ("--class", generation.class.is_some()),
        ("--autoencoder", generation.autoencoder.is_some()),
    ] {
        ensure!(!typed, "{flag} has no use here: nothing is sampled");
    }
    Ok(())
}

/// The data set, as the network sees it.
fn images(arguments: &Diagnose, network: &NetworkFile) -> Result<Images> {
    let Config {
        channels,
        resolution,
        labels,
        ..
    } = *network.config();
    let options = arguments.shown.options(Some(resolution));
    let dataset = Dataset::open(&arguments.data, &options)?;
    let (found, wanted) = (dataset.shape(), [channels, resolution, resolution]);
    let data = arguments.data.display();
    ensure!(
        found == wanted,
        "{data} has images {found:?} (channels, height, width), the network makes {wanted:?}"
    );
    let classes = dataset.classes();
    ensure!(
        labels == 0 || classes == labels,
        "{data} has {classes} classes, the network {labels}"
    );
    let presentation = Presentation {
        encoder: network.snapshot.encoder.clone(),
        seed: arguments.seed,
        mirror: false,
    };
    Ok(Images::new(Arc::new(dataset), presentation)?)
}

struct Work<'a> {
    arguments: &'a Diagnose,
    progress: &'a Progress,
    levels: Vec<Sigma>,
}

impl Work<'_> {
    fn errors(&self, generator: &Generator<'_>, mut images: Images) -> Result<Vec<Errors>> {
        let mut errors = vec![Errors::default(); self.levels.len()];
        let count = self.arguments.images as u64;
        let batch = self.arguments.generation.batch.unwrap_or(BATCH) as u64;
        let bar = self.progress.bar("diagnosing", count, "images");
        for start in (0..count).step_by(batch as usize) {
            let numbers = start..count.min(start + batch);
            let seen = images.batch(numbers.clone())?;
            let examples = Examples {
                clean: &seen.clean,
                classes: &seen.classes,
                seeds: &seen.keys,
            };
            generator.diagnose(&examples, &self.levels, &mut errors)?;
            ensure!(interrupt::check().is_continue(), "interrupted");
            bar.at(numbers.end);
        }
        bar.done(&format!("{} noise levels", self.levels.len()));
        Ok(errors)
    }
}
