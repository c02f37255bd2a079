//! What a search saw, as it is kept and shown.

use std::fmt::Write as _;

use anyhow::Result;
use foil_evaluation::Halving;
use serde::Serialize;

use super::space::{Found, Space};
use crate::{
    commands::{
        evaluate::{Evaluation, Number, number_cell},
        sample::Settings,
    },
    output,
};

/// A search.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trace {
    /// What was tuned for.
    pub metric: String,
    /// Images that settings were judged by, rising.
    pub counts: Vec<usize>,
    /// Images made.
    pub images: usize,
    /// In the order in which they came.
    pub tried: Vec<Tried>,
    /// The place of the best one.
    pub best: Option<usize>,
    /// By seeds that the search did not see: where it began, and the best.
    pub checked: Vec<Checked>,
}

/// One setting, and what it was judged to be.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tried {
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
    pub guidance: String,
    /// With what is open in it, and the guide.
    pub method: String,
    pub weights: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_ema: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide_ema: Option<f64>,
    /// Thousands of images that the guide has seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide_kimg: Option<u64>,
    /// By the counts of the trace; less is better.
    pub losses: Vec<f64>,
}

/// A setting judged by other seeds.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
    pub guidance: String,
    pub evaluation: Evaluation,
}

impl Trace {
    pub fn new(
        space: &Space<'_>,
        search: &Halving,
        metric: &str,
        checked: Vec<Checked>,
    ) -> Result<Self> {
        let tried = search.trials().iter();
        let tried = tried.map(|trial| Ok(Tried::new(space.at(&trial.point)?, &trial.losses)));
        Ok(Self {
            metric: metric.to_owned(),
            counts: search.counts().to_vec(),
            images: search.spent(),
            tried: tried.collect::<Result<_>>()?,
            best: search.best(),
            checked,
        })
    }

    /// How much worse a setting is than the best of those that were judged by as many images.
    pub fn excess(&self, tried: &Tried) -> Option<f64> {
        let place = tried.losses.len().checked_sub(1)?;
        let of_all = self
            .tried
            .iter()
            .filter_map(|other| other.losses.get(place));
        let least = of_all.copied().fold(f64::INFINITY, f64::min);
        Some(tried.losses[place] - least)
    }

    /// The settings as a file that `--model` takes, and above them how they were found.
    pub fn preset(&self, found: &Settings) -> Result<String> {
        let mut text = String::new();
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "# Found by foil tune for {}: {} settings, {} images in all, {} to {} of each.",
            self.metric,
            self.tried.len(),
            self.images,
            self.counts.first().unwrap_or(&0),
            self.counts.last().unwrap_or(&0)
        );
        for checked in &self.checked {
            let images = checked.evaluation.manifest.images.count;
            let number = self.number(checked).map_or("–".to_owned(), number_cell);
            let guidance = &checked.guidance;
            let _ = writeln!(
                text,
                "# By {images} images that it did not see: {number} with {guidance}."
            );
        }
        let _ = writeln!(text);
        Ok(text + &toml::to_string(found)?)
    }

    /// Where it began and what was found, a line each.
    pub fn table(&self) -> String {
        let metric = self.metric.split('@').next().unwrap_or_default();
        let mut rows = vec![
            ["guidance", "model", "guide", metric]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(self.checked.iter().map(|checked| {
            vec![
                checked.guidance.clone(),
                checked.model.clone(),
                checked.guide.clone().unwrap_or("–".to_owned()),
                self.number(checked).map_or("–".to_owned(), number_cell),
            ]
        }));
        output::columns(&rows, 3)
    }

    fn number<'c>(&self, checked: &'c Checked) -> Option<&'c Number> {
        checked.evaluation.results.get(&self.metric)
    }
}

impl Tried {
    fn new(found: Found, losses: &[f64]) -> Self {
        Self {
            model: found.settings.model,
            guide: found.settings.guide,
            guidance: found.settings.guidance,
            method: found.method,
            weights: found.numbers.weights,
            interval: found.numbers.interval,
            main_ema: found.main_length,
            guide_ema: found.guide_length,
            guide_kimg: found.guide_moment,
            losses: losses.to_vec(),
        }
    }
}
