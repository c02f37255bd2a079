//! Networks of a search: one, or a run of which averages are rebuilt.

use std::path::Path;

use anyhow::Result;
use foil_models::bundled;
use foil_training::reconstruction::{Moment, Run};

use crate::{arguments::Range, averages::Average};

/// A network, or a run.
#[derive(Clone)]
pub enum Network {
    Fixed(String),
    Run {
        folder: String,
        /// Moments of snapshots, in thousands of images.
        moments: Vec<u64>,
    },
}

impl Network {
    /// By its name: a folder is a run.
    pub fn named(name: &str) -> Result<Self> {
        // What is part of the program is found first, as everywhere.
        if bundled::file(name).is_some() || !Path::new(name).is_dir() {
            return Ok(Self::Fixed(name.to_owned()));
        }
        let run = Run::open(Path::new(name))?;
        let mut moments: Vec<u64> = run.moments().map(|images| images / 1000).collect();
        moments.dedup();
        Ok(Self::Run {
            folder: name.to_owned(),
            moments,
        })
    }

    /// What it was called.
    pub fn name(&self) -> &str {
        match self {
            Self::Fixed(name) | Self::Run { folder: name, .. } => name,
        }
    }

    /// Whether averages of it are open.
    pub fn is_run(&self) -> bool {
        matches!(self, Self::Run { .. })
    }

    /// The average at a position; where a moment is given, of the run as it was then.
    pub fn at(&self, moment: Option<u64>, length: f64) -> String {
        match (self, moment) {
            (Self::Fixed(name), _) => name.clone(),
            (Self::Run { folder, .. }, None) => format!("{folder}@{length}"),
            (Self::Run { folder, .. }, Some(moment)) => format!("{folder}@{moment}-{length}"),
        }
    }

    /// The moment at a position from 0 to 1.
    pub fn moment(&self, position: f64) -> Option<u64> {
        let Self::Run { moments, .. } = self else {
            return None;
        };
        let place = (position * moments.len() as f64) as usize;
        moments.get(place.min(moments.len() - 1)).copied()
    }

    /// Appends the position of a network's EMA length, if that is open; the middle where it is of something else.
    pub fn append_length(&self, name: &str, ema: Range, positions: &mut Vec<f64>) -> Result<()> {
        if self.is_run() {
            let average = Average::parse(name)?;
            positions.push(average.map_or(0.5, |average| ema.position(average.length)));
        }
        Ok(())
    }

    /// The same of its moment.
    pub fn append_moment(&self, name: &str, positions: &mut Vec<f64>) -> Result<()> {
        let Self::Run { moments, .. } = self else {
            return Ok(());
        };
        let average = Average::parse(name)?;
        let wanted = average.map(|average| average.moment);
        let place = moments
            .iter()
            .position(|&moment| wanted == Some(Moment::Thousands(moment)));
        let place = place.unwrap_or(moments.len() - 1) as f64;
        positions.push((place + 0.5) / moments.len() as f64);
        Ok(())
    }
}
