//! The results as a table, for people and for programs.

use serde::{Deserialize, Serialize};

use super::Measures;

/// One method's results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub method: String,
    /// Its guidance weight, 1 where there is no guidance; of several guides there is not one weight.
    pub weight: Option<f64>,
    /// The noise levels at which it guides, if not all.
    pub interval: Option<[f64; 2]>,
    /// Number of samples measured.
    pub samples: usize,
    /// See [`Measures`].
    pub log_density_mean: f64,
    /// See [`Measures`].
    pub outlier_rate: f64,
    /// See [`Measures`].
    pub coverage: f64,
    /// See [`Measures`].
    pub coverage_coarse: f64,
    /// See [`Measures`].
    pub class_purity: f64,
    /// See [`Measures`].
    pub energy_distance: f64,
    /// Evaluations of the main network for a sample.
    pub evaluations_strong: u64,
    /// Evaluations of guides for a sample.
    pub evaluations_weak: u64,
}

/// One model's training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingRow {
    /// Its role.
    pub model: String,
    /// How many iterations.
    pub iterations: u32,
    /// How long they took.
    pub seconds: f64,
}

/// One guide that was tried; see [`crate::search`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuideRow {
    /// The seed of the main model it was tried with.
    pub main_seed: u64,
    /// Its own seed.
    pub guide_seed: u64,
    /// Whether guided trajectories from far outside came home.
    pub sound: bool,
    /// Outlier rate of samples it guided over that of unguided ones.
    pub outlier_ratio: f64,
    /// Whether it is the one that was used.
    pub chosen: bool,
}

/// `metrics.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The methods.
    pub rows: Vec<Row>,
    /// The models.
    pub training: Vec<TrainingRow>,
    /// The guides among which the autoguidance guide was chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guide_search: Vec<GuideRow>,
}

impl Row {
    /// Puts a name to measures.
    pub fn new(method: &str, weight: Option<f64>, samples: usize, measures: Measures) -> Self {
        Self {
            method: method.to_owned(),
            weight,
            interval: None,
            samples,
            log_density_mean: measures.log_density_mean,
            outlier_rate: measures.outlier_rate,
            coverage: measures.coverage,
            coverage_coarse: measures.coverage_coarse,
            class_purity: measures.class_purity,
            energy_distance: measures.energy_distance,
            evaluations_strong: 0,
            evaluations_weak: 0,
        }
    }
}

/// At most three decimals.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Metrics {
    /// The rows with aligned columns.
    pub fn table(&self) -> String {
        let header = [
            "method", "w", "interval", "log p", "outliers", "coverage", "coarse", "purity",
            "energy", "NFE",
        ];
        let mut lines = vec![header.map(str::to_owned)];
        lines.extend(self.rows.iter().map(|row| {
            let interval = row
                .interval
                .map_or_else(|| "-".to_owned(), |[low, high]| format!("{low}..{high}"));
            [
                row.method.clone(),
                row.weight.map_or_else(|| "-".to_owned(), short),
                interval,
                format!("{:.3}", row.log_density_mean),
                format!("{:.4}", row.outlier_rate),
                format!("{:.3}", row.coverage),
                format!("{:.3}", row.coverage_coarse),
                format!("{:.4}", row.class_purity),
                format!("{:.5}", row.energy_distance),
                format!("{}+{}", row.evaluations_strong, row.evaluations_weak),
            ]
        }));
        let width = |column: usize| {
            lines
                .iter()
                .map(|line| line[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        let mut table = String::new();
        for line in &lines {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(width - cell.chars().count());
                // Words to the left, numbers to the right.
                let (before, after) = if column == 0 {
                    ("", padding.as_str())
                } else {
                    (padding.as_str(), "")
                };
                let gap = if column == 0 { "" } else { "  " };
                for part in [gap, before, cell.as_str(), after] {
                    table.push_str(part);
                }
            }
            table.push('\n');
        }
        table
    }
}
