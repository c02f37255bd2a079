//! What was found, as a table, as JSON and as a picture.

use std::{fmt::Write as _, path::Path};

use anyhow::Result;
use foil_diffusion::{Sigma, diagnosis::Compatibility};
use serde::Serialize;

use super::plot;
use crate::output;

/// The errors of a model and of its guide.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Diagnosis {
    pub main: String,
    /// As guidance has it, without a weight.
    pub guide: String,
    /// The guide's network, if it has one of its own.
    pub guide_model: Option<String>,
    /// What errors are the distance from.
    pub truth: &'static str,
    /// Images or points at each level.
    pub samples: usize,
    pub seed: u64,
    /// From the highest noise level down.
    pub levels: Vec<Level>,
}

/// One noise level.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Level {
    pub sigma: f64,
    pub main_error: f64,
    pub guide_error: f64,
    /// Guide's over main model's; absent if the latter has none.
    pub ratio: Option<f64>,
    pub correlation: Option<f64>,
    pub difference: f64,
    pub angle: Option<f64>,
    pub best_weight: Option<f64>,
    /// What the best weight leaves of the main model's error.
    pub error_left: Option<f64>,
}

impl Level {
    pub fn new(sigma: Sigma, found: Compatibility) -> Self {
        let Compatibility {
            main_error,
            guide_error,
            correlation,
            difference,
            angle,
            best_weight,
        } = found;
        Self {
            sigma: sigma.get(),
            main_error,
            guide_error,
            ratio: (main_error > 0.0).then(|| guide_error / main_error),
            correlation,
            difference,
            angle,
            best_weight,
            error_left: best_weight.and_then(|weight| found.error_left(weight)),
        }
    }
}

/// Writes the files, and prints the table or the JSON.
pub fn write(diagnosis: &Diagnosis, out: &Path, json: bool) -> Result<()> {
    plot::draw(diagnosis, out)?;
    let text = serde_json::to_string_pretty(diagnosis)?;
    foil_files::write(&out.join("diagnosis.json"), text.as_bytes())?;
    if json {
        return output::print(&(serde_json::to_string(diagnosis)? + "\n"));
    }
    output::print(&table(diagnosis))
}

fn table(diagnosis: &Diagnosis) -> String {
    let mut text = format!(
        "{:>9}  {:>10}  {:>11}  {:>6}  {:>11}  {:>9}  {:>7}  {:>8}  {:>10}\n",
        "σ",
        "main error",
        "guide error",
        "ratio",
        "correlation",
        "‖Δ‖",
        "angle",
        "best w",
        "error left"
    );
    let decimals = |value: Option<f64>, places: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
    };
    for level in &diagnosis.levels {
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "{:>9.4}  {:>10.5}  {:>11.5}  {:>6}  {:>11}  {:>9.5}  {:>6}°  {:>8}  {:>10}",
            level.sigma,
            level.main_error,
            level.guide_error,
            decimals(level.ratio, 3),
            decimals(level.correlation, 4),
            level.difference,
            decimals(level.angle, 1),
            decimals(level.best_weight, 2),
            decimals(level.error_left, 4),
        );
    }
    let _ = writeln!(
        text,
        "{} guided by {}; root mean squares over {} samples; errors from {}; angle of Δ to the way to the truth",
        diagnosis.main, diagnosis.guide, diagnosis.samples, diagnosis.truth
    );
    text
}
