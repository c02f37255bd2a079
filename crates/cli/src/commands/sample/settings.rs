//! What a command line means: every setting that decides what an image looks like, and nothing else.
//!
//! They are printed by `--dry-run`, kept in each image, and read back from it by `--from`.

use anyhow::{Result, bail, ensure};
use candle_core::DType;
use foil_diffusion::{
    NoiseLevels,
    guidance::{Gate, Interval},
    random::{Gpu, StreamKind},
    sampler::{Churn, SamplerChoice},
    schedule::Karras,
};
use serde::{Deserialize, Serialize};

use crate::arguments::{GateName, GuidanceName, RandomName};

/// All of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The network that is guided, as it was named.
    pub model: String,
    /// The network that guides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
    /// What makes pixels of latents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoencoder: Option<String>,
    /// `none`, `auto:W`, `cfg:W` or `truncate:W`.
    pub guidance: String,
    /// `[low, high]`: guided where low < σ ≤ high; absent is everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Whether the interval is looked up once per step or at every evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateName>,
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
        let guided = self.method()?.needs_guide();
        match &self.guide {
            None if guided => bail!("guidance {} needs --guide FILE", self.guidance),
            Some(guide) if !guided => {
                bail!("--guide {guide} has no use with guidance {}", self.guidance)
            }
            _ => {}
        }
        self.levels()?;
        self.interval()?;
        self.sampler()?.build(self.steps)?;
        Ok(())
    }

    /// The method of guidance with its weight.
    pub fn method(&self) -> Result<GuidanceName> {
        self.guidance.parse().map_err(anyhow::Error::msg)
    }

    /// w: 1 is no guidance.
    pub fn weight(&self) -> Result<f64> {
        Ok(self.method()?.weight())
    }

    /// The noise levels of the steps.
    pub fn levels(&self) -> Result<NoiseLevels> {
        let schedule = Karras::new(self.sigma_min, self.sigma_max, self.rho)?;
        Ok(schedule.levels(self.steps)?)
    }

    /// Where guidance acts.
    pub fn interval(&self) -> Result<Option<Interval>> {
        let gate = self.gate.map_or(Gate::Step, Gate::from);
        let interval = self
            .interval
            .map(|[low, high]| Interval::new(low, high, gate));
        Ok(interval.transpose()?)
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
