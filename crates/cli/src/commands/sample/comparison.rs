//! What a comparison shows: its rows, its columns, and how the images of each cell are made.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::settings::{Role, Settings, difference};

/// Everything that decides what the picture looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Comparison {
    /// The network of classifier-free guidance, whose row is left out without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconditional: Option<String>,
    /// The network of autoguidance, whose row is left out without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<String>,
    /// In rising order; 1 is among them.
    pub weights: Vec<f64>,
    /// `LO..HI`: guided where LO < σ ≤ HI; absent is everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Of the images of each cell.
    pub seeds: Vec<u64>,
    /// What all images share: those of the first row are made so.
    pub unguided: Settings,
}

/// A method of guidance.
pub struct Row {
    /// The network that it needs; none is no guidance.
    pub role: Option<Role>,
    pub label: &'static [&'static str],
}

/// Where the images of a row and a weight are.
pub type Cell = [usize; 2];

impl Comparison {
    /// Without guidance, then the methods whose network is given.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row {
            role: None,
            label: &["No guidance"],
        }];
        rows.extend(self.unconditional.iter().map(|_| Row {
            role: Some(Role::Unconditional),
            label: &["Classifier-free", "guidance"],
        }));
        rows.extend(self.guide.iter().map(|_| Row {
            role: Some(Role::Guide),
            label: &["Autoguidance"],
        }));
        rows
    }

    /// The column without guidance.
    fn unguided_column(&self) -> usize {
        self.weights.partition_point(|weight| *weight < 1.0)
    }

    /// The cells whose images are made, in this order: no guidance is the same for all methods.
    pub fn cells(&self) -> Vec<Cell> {
        let unguided = self.unguided_column();
        let columns = (0..self.weights.len()).filter(move |column| *column != unguided);
        let guided =
            (1..self.rows().len()).flat_map(|row| columns.clone().map(move |column| [row, column]));
        std::iter::once([0, unguided]).chain(guided).collect()
    }

    /// Where a cell's images are shown.
    pub fn places(&self, [row, column]: Cell) -> Vec<Cell> {
        match row {
            0 => (0..self.rows().len()).map(|row| [row, column]).collect(),
            _ => vec![[row, column]],
        }
    }

    /// All cells that show images.
    pub fn shown(&self) -> Vec<Cell> {
        let cells = self.cells().into_iter();
        cells.flat_map(|cell| self.places(cell)).collect()
    }

    /// The settings of a cell's images.
    pub fn settings(&self, [row, column]: Cell) -> Settings {
        let weight = self.weights[column];
        let interval = self.interval.as_ref();
        let interval = interval.map_or(String::new(), |interval| format!("@{interval}"));
        let unguided = self.unguided.clone();
        match self.rows()[row].role {
            Some(Role::Unconditional) => Settings {
                unconditional: self.unconditional.clone(),
                guidance: format!("cfg:{weight}{interval}"),
                ..unguided
            },
            Some(_) => Settings {
                guide: self.guide.clone(),
                guidance: format!("auto:{weight}{interval}"),
                ..unguided
            },
            None => unguided,
        }
    }

    /// Settings that name all networks of all cells.
    pub fn all_networks(&self) -> Settings {
        Settings {
            guide: self.guide.clone(),
            unconditional: self.unconditional.clone(),
            ..self.unguided.clone()
        }
    }

    /// What differs from another one, in words.
    pub fn difference(&self, found: &Self) -> Result<Option<String>> {
        match difference(&self.unguided, &found.unguided)? {
            None => difference(self, found),
            different => Ok(different),
        }
    }
}
