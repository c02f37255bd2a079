//! What a command line means: every setting that decides what an image looks like, and nothing else.
//!
//! They are printed by `--dry-run`, kept in each image, and read back from it by `--from`.

use anyhow::{Result, bail, ensure};
use candle_core::DType;
use foil_diffusion::{
    NoiseLevels,
    guidance::{Guide, Plan},
    random::{Gpu, StreamKind},
    sampler::{Churn, SamplerChoice},
    schedule::Karras,
};
use serde::{Deserialize, Serialize};

use crate::arguments::RandomName;

/// All of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The network that is guided, as it was named.
    pub model: String,
    /// A weaker version of it, for `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
    /// A network without classes, for `cfg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconditional: Option<String>,
    /// A classifier of noisy images, for `classifier`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<String>,
    /// What makes pixels of latents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoencoder: Option<String>,
    /// What makes the network that is guided worse while it runs, as guides are written: `dropout(p=0.05)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degradation: Option<String>,
    /// Methods, weights, intervals, and what is done to the result: `auto:2.1@0.2..5+cfg:1.3`.
    pub guidance: String,
    /// The class of all images; each draws its own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<u32>,
    pub sampler: String,
    pub steps: usize,
    pub sigma_min: f64,
    pub sigma_max: f64,
    pub rho: f64,
    pub rng: RandomName,
    pub precision: Precision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub churn: Option<ChurnSettings>,
}

/// Of weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    F32,
    Bf16,
}

/// Fresh noise of the Heun sampler. Karras et al. 2022, Algorithm 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ChurnSettings {
    pub amount: f64,
    pub sigma_min: f64,
    /// Absent is without bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma_max: Option<f64>,
    pub inflation: f64,
}

impl Precision {
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

impl Settings {
    /// That all of them mean something, so that mistakes are told before a network is loaded.
    pub fn check(&self) -> Result<()> {
        let guidance = self.guidance()?;
        for role in Role::ALL {
            let needed = guidance
                .terms()
                .iter()
                .find(|term| role.serves(&term.guide));
            match (self.network(role), needed) {
                (None, Some(term)) => {
                    bail!("guidance {} needs {} MODEL", term, role.flag())
                }
                (Some(name), None) => bail!(
                    "{} {name} has no use with guidance {}",
                    role.flag(),
                    self.guidance
                ),
                _ => {}
            }
        }
        self.degradation()?;
        self.levels()?;
        self.sampler()?.build(self.steps)?;
        Ok(())
    }

    /// Methods of guidance with their weights.
    pub fn guidance(&self) -> Result<Plan> {
        Ok(self.guidance.parse()?)
    }

    /// What makes the network worse while it runs.
    pub fn degradation(&self) -> Result<Option<Guide>> {
        let Some(text) = &self.degradation else {
            return Ok(None);
        };
        // A guide is only written with its weight.
        let plan: Plan = format!("{text}:2").parse()?;
        let [term] = plan.terms() else {
            bail!("--degradation {text} is more than one; allowed is one, such as dropout(p=0.05)");
        };
        let needs = |role: Role| role.serves(&term.guide);
        ensure!(
            !Role::ALL.into_iter().any(needs)
                && term.shapes.is_empty()
                && plan.finishes().is_empty(),
            "--degradation {text} changes no network; allowed are guides that are the network itself, such as dropout(p=0.05), noise(amount=0.1), skip(blocks=1) or bits(n=4)"
        );
        Ok(Some(term.guide.clone()))
    }

    /// The network that guides in this way.
    pub fn network(&self, role: Role) -> Option<&String> {
        match role {
            Role::Guide => self.guide.as_ref(),
            Role::Unconditional => self.unconditional.as_ref(),
            Role::Classifier => self.classifier.as_ref(),
        }
    }

    /// The noise levels of the steps.
    pub fn levels(&self) -> Result<NoiseLevels> {
        let schedule = Karras::new(self.sigma_min, self.sigma_max, self.rho)?;
        Ok(schedule.levels(self.steps)?)
    }

    /// The sampler with its parameters.
    pub fn sampler(&self) -> Result<SamplerChoice> {
        let sampler: SamplerChoice = self.sampler.parse()?;
        let Some(churn) = self.churn else {
            return Ok(sampler);
        };
        let heun = matches!(sampler, SamplerChoice::Heun(_));
        ensure!(
            heun,
            "--churn belongs to the sampler heun, not to {}",
            self.sampler
        );
        Ok(SamplerChoice::Heun(Churn {
            amount: churn.amount,
            sigma_min: churn.sigma_min,
            sigma_max: churn.sigma_max.unwrap_or(f64::INFINITY),
            inflation: churn.inflation,
        }))
    }

    /// The random streams.
    pub fn stream(&self) -> StreamKind {
        match self.rng {
            RandomName::Foil => StreamKind::Foil,
            RandomName::TorchCpu => StreamKind::TorchCpu,
            RandomName::TorchCuda => StreamKind::TorchCuda(Gpu::default()),
        }
    }
}

/// What a network besides the main one is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A weaker version.
    Guide,
    /// Knows no classes.
    Unconditional,
    /// Tells the classes of noisy images.
    Classifier,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Guide, Self::Unconditional, Self::Classifier];

    /// Whether a guide needs such a network.
    pub fn serves(self, guide: &Guide) -> bool {
        match self {
            Self::Guide => matches!(guide, Guide::Auto(_)),
            Self::Unconditional => matches!(guide, Guide::ClassifierFree(_)),
            Self::Classifier => matches!(guide, Guide::Classifier(_)),
        }
    }

    /// How it is typed.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Guide => "--guide",
            Self::Unconditional => "--unconditional",
            Self::Classifier => "--classifier",
        }
    }
}

/// The first difference between what was asked for and what was found, in words.
pub fn difference<T: Serialize>(asked: &T, found: &T) -> Result<Option<String>> {
    let (here, there) = (serde_json::to_value(asked)?, serde_json::to_value(found)?);
    let (Some(here), Some(there)) = (here.as_object(), there.as_object()) else {
        return Ok(None);
    };
    let mut names: Vec<&String> = here.keys().chain(there.keys()).collect();
    names.sort();
    let of = |settings: &serde_json::Map<String, serde_json::Value>, name: &str| {
        settings
            .get(name)
            .map_or("none".to_owned(), ToString::to_string)
    };
    let different = names
        .into_iter()
        .find(|name| here.get(*name) != there.get(*name));
    Ok(different.map(|name| {
        let (here, there) = (of(here, name), of(there, name));
        format!("{name} {there} instead of {here}").replace('"', "")
    }))
}
