//! From what was typed to settings: a preset fills in what was left out.

use anyhow::{Result, ensure};
use foil_kernels::{InstructionSet, Instructions};
use foil_models::bundled;

use super::{
    comparison::Comparison,
    image,
    recipe::Recipe,
    record::Record,
    settings::{ChurnSettings, Precision, Settings},
};
use crate::arguments::{Generation, GuidanceName, PrecisionName, SampleImages, Seeds, Weights};

/// Steps, as published.
const STEPS: usize = 32;

/// What to make.
pub struct Job {
    pub settings: Settings,
    pub seeds: Vec<u64>,
    /// The fingerprints that an image to be repeated was made with.
    pub expected: Option<Vec<String>>,
}

impl Job {
    /// Of a command line.
    pub fn resolve(arguments: &SampleImages) -> Result<Self> {
        let mut job = match &arguments.from {
            Some(path) => Self::of_record(image::read(path)?),
            None => Self {
                settings: settings(&arguments.generation)?,
                seeds: seeds(arguments, 16),
                expected: None,
            },
        };
        // An image may be repeated where its files lie elsewhere.
        if arguments.from.is_some() {
            let moved = |to: &mut String, from: &Option<String>| {
                if let Some(from) = from {
                    to.clone_from(from);
                }
            };
            moved(&mut job.settings.model, &arguments.generation.model);
            if let Some(guide) = &mut job.settings.guide {
                moved(guide, &arguments.generation.guide);
            }
            if let Some(autoencoder) = &mut job.settings.autoencoder {
                moved(autoencoder, &arguments.generation.autoencoder);
            }
        }
        job.settings.check()?;
        Ok(job)
    }

    fn of_record(record: Record) -> Self {
        Self {
            settings: record.settings,
            seeds: vec![record.seed],
            expected: Some(record.fingerprints),
        }
    }
}

/// What to compare.
pub fn comparison(arguments: &SampleImages, weights: &Weights) -> Result<Comparison> {
    let generation = &arguments.generation;
    let recipe = recipe(generation);
    let given = |name: &Option<String>, method| name.clone().or(recipe.guide(method).cloned());
    let comparison = Comparison {
        unconditional: given(&arguments.unconditional, GuidanceName::ClassifierFree(1.0)),
        guide: given(&generation.guide, GuidanceName::Auto(1.0)),
        weights: weights.0.clone(),
        seeds: seeds(arguments, 4),
        unguided: Settings {
            guide: None,
            guidance: GuidanceName::None.to_string(),
            ..settings(generation)?
        },
    };
    ensure!(
        comparison.unconditional.is_some() || comparison.guide.is_some(),
        "--compare needs --guide FILE for autoguidance, --unconditional FILE for classifier-free guidance, or both"
    );
    comparison.unguided.check()?;
    Ok(comparison)
}

fn seeds(arguments: &SampleImages, count: u64) -> Vec<u64> {
    let typed = arguments.seeds.clone();
    typed.unwrap_or_else(|| Seeds::first(count)).0
}

/// What settings a command line means; a preset fills in what was left out.
pub fn settings(arguments: &Generation) -> Result<Settings> {
    let recipe = recipe(arguments);
    let guidance = arguments.guidance.unwrap_or(recipe.guidance);
    let guide = arguments.guide.as_ref().or(recipe.guide(guidance));
    let churn = (arguments.churn != 0.0).then_some(ChurnSettings {
        amount: arguments.churn,
        sigma_min: arguments.churn_min,
        sigma_max: Some(arguments.churn_max).filter(|limit| *limit != f64::INFINITY),
        inflation: arguments.churn_noise,
    });
    let class = arguments.class.as_ref();
    let class = class.map(|class| recipe.class(class)).transpose()?;
    Ok(Settings {
        guide: guide.cloned(),
        model: recipe.model,
        autoencoder: arguments.autoencoder.clone(),
        guidance: guidance.to_string(),
        interval: arguments
            .interval
            .map(|interval| [interval.low(), interval.high()]),
        gate: arguments.interval.map(|_| arguments.gate),
        class,
        sampler: arguments.sampler.clone(),
        steps: arguments.steps.unwrap_or(STEPS),
        sigma_min: arguments.sigma_min,
        sigma_max: arguments.sigma_max,
        rho: arguments.rho,
        rng: arguments.rng,
        precision: precision(arguments.precision),
        churn,
    })
}

/// What the model's name stands for; without one, what is part of the program.
fn recipe(arguments: &Generation) -> Recipe {
    match &arguments.model {
        Some(model) => Recipe::of(model),
        None => Recipe::of_bundle(bundled::DEFAULT),
    }
}

/// bf16 where the processor has products of it; elsewhere widening costs more than it saves.
pub fn precision(name: PrecisionName) -> Precision {
    let native = [InstructionSet::Avx512Bf16, InstructionSet::Amx];
    let has_products = || native.contains(&Instructions::best().set());
    match name {
        PrecisionName::Bf16 => Precision::Bf16,
        PrecisionName::Auto if has_products() => Precision::Bf16,
        PrecisionName::F32 | PrecisionName::Auto => Precision::F32,
    }
}
