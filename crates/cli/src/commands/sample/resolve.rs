//! From what was typed to settings: a preset fills in what was left out.

use anyhow::{Result, ensure};
use foil_diffusion::guidance::Plan;
use foil_kernels::{InstructionSet, Instructions};
use foil_models::bundled::{self, Bundle};

use super::{
    comparison::Comparison,
    image,
    recipe::Recipe,
    record::Record,
    settings::{ChurnSettings, Precision, Role, Settings},
};
use crate::arguments::{Generation, PrecisionName, RandomName, SampleImages, Seeds, Weights};

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
            let Settings {
                guide,
                unconditional,
                classifier,
                autoencoder,
                ..
            } = &mut job.settings;
            let generation = &arguments.generation;
            for (to, from) in [
                (guide, &generation.guide),
                (unconditional, &generation.unconditional),
                (classifier, &generation.classifier),
                (autoencoder, &generation.autoencoder),
            ] {
                if let Some(to) = to {
                    moved(to, from);
                }
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
    let recipe = recipe(generation)?;
    let given = |typed: &Option<String>, role| typed.clone().or(recipe.network(role).cloned());
    let comparison = Comparison {
        unconditional: given(&generation.unconditional, Role::Unconditional),
        guide: given(&generation.guide, Role::Guide),
        weights: weights.0.clone(),
        interval: generation.interval().map(|interval| interval.to_string()),
        seeds: seeds(arguments, 4),
        unguided: unguided(generation)?,
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
    match &arguments.guidance {
        Some(guidance) => settings_of(arguments, guidance),
        None => settings_of(arguments, &recipe(arguments)?.guidance.parse()?),
    }
}

/// The network for a role, if one was typed or is known.
pub fn network_for(arguments: &Generation, role: Role) -> Result<Option<String>> {
    let typed = match role {
        Role::Guide => &arguments.guide,
        Role::Unconditional => &arguments.unconditional,
        Role::Classifier => &arguments.classifier,
    };
    match typed {
        Some(typed) => Ok(Some(typed.clone())),
        None => Ok(recipe(arguments)?.network(role).cloned()),
    }
}

/// The bundle whose main network makes the images, if it is one.
pub fn bundle_of(arguments: &Generation) -> Result<Option<&'static Bundle>> {
    Ok(recipe(arguments)?.bundle)
}

/// The same with guidance that was not typed there.
pub fn settings_of(arguments: &Generation, guidance: &Plan) -> Result<Settings> {
    let recipe = recipe(arguments)?;
    let guidance = guidance.clone().within(arguments.interval());
    let unguided = unguided(arguments)?;
    let needs = |role: Role| guidance.terms().iter().any(|term| role.serves(&term.guide));
    let named = |role: Role, typed: &Option<String>| {
        let filled = || recipe.network(role).filter(|_| needs(role));
        typed.as_ref().or_else(filled).cloned()
    };
    let mut guide = named(Role::Guide, &arguments.guide);
    let mut unconditional = named(Role::Unconditional, &arguments.unconditional);
    // Where only one network guides, there is no doubt what it is for.
    if needs(Role::Unconditional) && !needs(Role::Guide) && arguments.unconditional.is_none() {
        unconditional = guide.take().or(unconditional);
    }
    Ok(Settings {
        guide,
        unconditional,
        classifier: named(Role::Classifier, &arguments.classifier),
        guidance: guidance.to_string(),
        ..unguided
    })
}

/// All settings but those of guidance.
fn unguided(arguments: &Generation) -> Result<Settings> {
    let recipe = recipe(arguments)?;
    let class = arguments.class.as_ref();
    let class = class.map(|class| recipe.class(class)).transpose()?;
    let churn = churn(arguments);
    let known = recipe
        .rest
        .unwrap_or_else(|| published(recipe.model.clone()));
    Ok(Settings {
        model: recipe.model,
        guide: None,
        unconditional: None,
        classifier: None,
        autoencoder: arguments.autoencoder.clone().or(known.autoencoder),
        degradation: arguments.degradation.clone().or(known.degradation),
        guidance: Plan::none().to_string(),
        class: class.or(known.class),
        sampler: arguments.sampler.clone().unwrap_or(known.sampler),
        steps: arguments.steps.unwrap_or(known.steps),
        sigma_min: arguments.sigma_min.unwrap_or(known.sigma_min),
        sigma_max: arguments.sigma_max.unwrap_or(known.sigma_max),
        rho: arguments.rho.unwrap_or(known.rho),
        rng: arguments.rng.unwrap_or(known.rng),
        precision: match arguments.precision {
            PrecisionName::Auto => known.precision,
            typed => precision(typed),
        },
        churn: churn.unwrap_or(known.churn),
    })
}

/// How the published networks are sampled, which is how any is, unless it is said.
fn published(model: String) -> Settings {
    Settings {
        model,
        guide: None,
        unconditional: None,
        classifier: None,
        autoencoder: None,
        degradation: None,
        guidance: Plan::none().to_string(),
        class: None,
        sampler: "heun".to_owned(),
        steps: 32,
        sigma_min: 0.002,
        sigma_max: 80.0,
        rho: 7.0,
        rng: RandomName::Foil,
        precision: precision(PrecisionName::Auto),
        churn: None,
    }
}

/// Fresh noise, if something was typed of it: 0 is none.
#[expect(clippy::option_option, reason = "not typed is not the same as none")]
fn churn(arguments: &Generation) -> Option<Option<ChurnSettings>> {
    let amount = arguments.churn?;
    Some((amount != 0.0).then_some(ChurnSettings {
        amount,
        sigma_min: arguments.churn_min,
        sigma_max: Some(arguments.churn_max).filter(|limit| *limit != f64::INFINITY),
        inflation: arguments.churn_noise,
    }))
}

/// What the model's name stands for; without one, what is part of the program.
fn recipe(arguments: &Generation) -> Result<Recipe> {
    match &arguments.model {
        Some(model) => Recipe::of(model),
        None => Ok(Recipe::of_bundle(bundled::DEFAULT)),
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
