//! What a run is, as it lies in `config.toml` and in presets.

use foil_data::{Fit, Options, Split};
use foil_models::edm2;
use serde::{Deserialize, Serialize};

use crate::{Error, LearningRate, NoiseLevels, Result, Step};

/// All that decides what is trained, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// What it learns from.
    pub data: Data,
    /// How long, in which steps.
    pub training: Training,
    /// What happens on the way.
    pub intervals: Intervals,
    /// What is trained.
    pub task: Goal,
}

/// What is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Goal {
    /// A network that makes images.
    Denoiser {
        /// Its description.
        network: edm2::Config,
        /// The noise levels it learns at.
        noise: NoiseLevels,
    },
    /// A network that tells classes apart.
    Classifier {
        /// Its description: the encoder half of such a network.
        network: edm2::Config,
        /// The noise levels it learns at; clean images alone if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        noise: Option<NoiseLevels>,
    },
}

impl Goal {
    /// Of the network.
    pub fn network(&self) -> &edm2::Config {
        match self {
            Self::Denoiser { network, .. } | Self::Classifier { network, .. } => network,
        }
    }
}

/// The images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Data {
    /// Where they are.
    #[serde(default)]
    pub path: String,
    /// Digest of the data set, by which a run notices that it has changed.
    #[serde(default)]
    pub fingerprint: String,
    /// Height and width; those of the images if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<usize>,
    /// How images of another size get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// Whether half of them are mirrored.
    #[serde(default)]
    pub mirror: bool,
}

impl Data {
    /// As a data set is opened.
    pub fn options(&self, split: Split) -> Options {
        Options {
            split,
            resolution: self.resolution,
            fit: self.fit,
            ..Options::default()
        }
    }
}

/// How long, in which steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Training {
    /// How many images are seen, counted with repetition.
    pub images: u64,
    /// Images of a step.
    pub batch: u64,
    /// Images whose activations are in memory at once.
    pub micro_batch: u64,
    /// Of all random numbers.
    pub seed: u64,
    /// Of activations and their gradients; weights and their averages are always in single precision.
    pub precision: Precision,
    /// Size of the steps.
    pub learning_rate: LearningRate,
    /// Lengths of the averages that are kept: standard deviations relative to the training time.
    pub average_stds: Vec<f64>,
}

/// What activations are stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Single.
    F32,
    /// Half, with the exponent of single.
    Bf16,
}

/// Images from one event to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Intervals {
    /// A line of `stats.jsonl`.
    pub status: u64,
    /// The state to continue from.
    pub state: u64,
    /// The averages, as networks.
    pub snapshot: u64,
    /// A picture of samples.
    pub samples: u64,
    /// How many of the latest snapshots are kept; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_snapshots: Option<usize>,
}

impl Settings {
    /// That a run can be made of it.
    pub fn check(&self) -> Result<()> {
        let Self {
            training,
            intervals,
            ..
        } = self;
        let refuse = |problem: String| Err(Error::Settings(problem));
        let counts = [
            ("training.images", training.images),
            ("training.batch", training.batch),
            ("training.micro-batch", training.micro_batch),
            ("intervals.status", intervals.status),
            ("intervals.state", intervals.state),
            ("intervals.snapshot", intervals.snapshot),
            ("intervals.samples", intervals.samples),
        ];
        for (name, value) in counts {
            if value == 0 || value > 1 << 50 {
                return refuse(format!("{name} must be at least 1, got {value}"));
            }
        }
        if training.batch > 1 << 20 {
            return refuse(format!(
                "training.batch must be at most {}, got {}",
                1 << 20,
                training.batch
            ));
        }
        let LearningRate { reference, .. } = training.learning_rate;
        if !(reference > 0.0 && reference.is_finite()) {
            return refuse(format!(
                "training.learning-rate.reference must be positive, got {reference}"
            ));
        }
        for &std in &training.average_stds {
            crate::ema::PowerFunction::from_relative_deviation(std)?;
        }
        if training.average_stds.is_empty() {
            return refuse("training.average-stds must name at least one length".into());
        }
        match &self.task {
            Goal::Denoiser { network, noise } => {
                network.plan()?;
                noise.check()
            }
            Goal::Classifier { network, noise } => {
                network.plan()?;
                if network.labels < 2 {
                    return refuse("a classifier needs at least two labels".into());
                }
                noise.map_or(Ok(()), |noise| noise.check())
            }
        }
    }

    /// How steps are made.
    pub fn step(&self) -> Step {
        let Training {
            batch,
            micro_batch,
            learning_rate,
            ..
        } = self.training;
        Step {
            batch,
            micro_batch: micro_batch.min(batch),
            learning_rate,
        }
    }

    /// As TOML.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self).map_err(|error| Error::Settings(error.to_string()))
    }

    /// From TOML.
    pub fn from_toml(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::Settings(in_one_line(&error, text)))
    }

    /// What differs from another run's settings in a way that changes the result, one line for each. The duration, the intervals and
    /// the data's path may change.
    pub fn differences(&self, other: &Self) -> Result<Vec<String>> {
        let free = |settings: &Self| {
            let mut settings = settings.clone();
            settings.data.path.clear();
            settings.training.images = 1;
            settings.intervals = Intervals {
                status: 1,
                state: 1,
                snapshot: 1,
                samples: 1,
                keep_snapshots: None,
            };
            settings.to_toml()
        };
        let (here, there) = (flat(&free(self)?), flat(&free(other)?));
        let mut differences = Vec::new();
        for (key, value) in &here {
            let found = there.iter().find(|(other, _)| other == key);
            let found = found.map_or("absent", |(_, value)| value.as_str());
            if found != value {
                differences.push(format!("{key} is {found} there and {value} here"));
            }
        }
        let missing = there
            .iter()
            .filter(|(key, _)| here.iter().all(|(other, _)| other != key));
        differences.extend(missing.map(|(key, value)| format!("{key} is {value} there")));
        Ok(differences)
    }
}

/// Where TOML is wrong, and how, without the picture of it.
pub fn in_one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    let before = error.span().and_then(|span| text.get(..span.start));
    let Some(before) = before else {
        return message;
    };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    format!("line {line}, column {column}: {message}")
}

/// Dotted keys and values.
fn flat(text: &str) -> Vec<(String, String)> {
    fn add(prefix: &str, value: &toml::Value, to: &mut Vec<(String, String)>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let dot = if prefix.is_empty() { "" } else { "." };
                    add(&format!("{prefix}{dot}{key}"), value, to);
                }
            }
            value => to.push((prefix.to_owned(), value.to_string())),
        }
    }
    let mut entries = Vec::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        add("", &toml::Value::Table(table), &mut entries);
    }
    entries
}
