//! What a number was made of: everything that changes it, and is missing in most published ones.

use std::collections::BTreeMap;

use foil_evaluation::Named;
use serde::{Deserialize, Serialize};

use crate::commands::sample::Settings;

/// A result as it is kept in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evaluation {
    pub manifest: Manifest,
    /// By the name of the metric, or of one of its numbers.
    pub results: BTreeMap<String, Number>,
    /// What to think of when reading them.
    pub warnings: Vec<String>,
}

/// Everything that decides the numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// Version.
    pub foil: String,
    pub images: ImagesManifest,
    /// By name.
    pub extractors: BTreeMap<String, ExtractorManifest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<ReferenceManifest>,
    /// What images are looked for in, for memorisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<ReferenceManifest>,
}

/// The images that are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImagesManifest {
    /// In one repeat.
    pub count: usize,
    pub repeats: usize,
    pub source: SourceManifest,
}

/// Where they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SourceManifest {
    /// Made for this.
    Generated(Box<GeneratedManifest>),
    /// Files that were there.
    Files {
        name: String,
        fingerprint: String,
        /// Files that are no images of the set.
        left_out: usize,
    },
}

/// How they were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GeneratedManifest {
    pub settings: Settings,
    /// Of the files of weights, in the order model, guide, autoencoder.
    pub weights: Vec<String>,
    /// `first-last`
    pub seeds: String,
    /// How each image gets its class.
    pub labels: String,
    /// Of the networks for one image.
    pub evaluations: EvaluationsManifest,
}

/// How often networks were asked for one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EvaluationsManifest {
    pub main: u64,
    pub guide: u64,
}

/// A network that describes images, and how they are brought to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExtractorManifest {
    /// The file that was named.
    pub weights: String,
    /// Of that file, whole.
    pub sha256: String,
    /// How images become what the network sees.
    pub protocol: String,
    /// Of its weights and activations.
    pub precision: String,
    /// Numbers that describe an image.
    pub features: usize,
}

/// What images are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReferenceManifest {
    pub name: String,
    /// Of the images; for statistics of other programs, of the file.
    pub fingerprint: String,
    /// Unknown for some statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<u64>,
    /// Whether the images themselves were there, or only their moments.
    pub statistics_only: bool,
}

/// A number, and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Number {
    /// Of several repeats the mean.
    pub value: f64,
    /// Holds the expectation, for as many images, 95 times of 100; absent where nothing is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Of each repeat, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<f64>,
    /// Whether smaller is better, larger, or neither.
    pub better: Better,
}

/// In which direction a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    Lower,
    Higher,
    Neither,
}

impl SourceManifest {
    /// What decides each image, without how many there are: more of them continue.
    pub fn whatever_their_number(&self) -> Self {
        let mut source = self.clone();
        if let Self::Generated(generated) = &mut source {
            let first = generated.seeds.split('-').next().unwrap_or_default();
            generated.seeds = format!("{first}-");
        }
        source
    }
}

impl ReferenceManifest {
    pub fn new(data: Named, images: Option<u64>, statistics_only: bool) -> Self {
        Self {
            name: data.name,
            fingerprint: data.fingerprint,
            images,
            statistics_only,
        }
    }
}
