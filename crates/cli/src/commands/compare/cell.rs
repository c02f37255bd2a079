//! One method at one weight: what was found of it.

use serde::Serialize;

use crate::commands::evaluate::{Evaluation, Number, SourceManifest};

/// What one method made at one weight.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cell {
    /// As it was typed.
    pub method: String,
    /// What W stood for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The scale of classifier-free guidance that is as strong, where there is a network to tell by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_scale: Option<f64>,
    /// What classifier-free guidance of that scale is worth, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_strong: Option<AsStrong>,
    /// Of the guided network and its guides, for an image.
    pub evaluations: [u64; 2],
    pub evaluation: Evaluation,
}

impl Cell {
    /// The number that decides.
    pub fn decides(&self, metric: &str) -> Option<&Number> {
        self.evaluation.results.get(metric)
    }

    /// What it is called, with its weight.
    pub fn title(&self) -> String {
        match self.weight {
            Some(weight) => self.method.replacen(":W", &format!(":{weight}"), 1),
            None => self.method.clone(),
        }
    }

    /// How often networks were asked for an image.
    pub fn asked(evaluation: &Evaluation) -> [u64; 2] {
        match &evaluation.manifest.images.source {
            SourceManifest::Generated(made) => [made.evaluations.main, made.evaluations.guide],
            SourceManifest::Files { .. } => [0, 0],
        }
    }
}

/// Classifier-free guidance to compare a method with.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AsStrong {
    /// The method's effective scale, to two places.
    pub weight: f64,
    /// The number that decides.
    pub number: Number,
}
