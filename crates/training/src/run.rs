//! The loop: steps, and what happens between them.

use std::{ops::ControlFlow, time::Instant};

use candle_core::DType;
use foil_models::{StoredTensor, Weights, checkpoint::Provenance};

use crate::{
    Average, Error, Folder, Layout, Result, Role, Settings, State, Status, Task,
    log::Log,
    tally::{Place, Tally},
};

/// Steps without a finite loss after which a run is given up.
const PATIENCE: u64 = 200;

/// Who is told how a run goes.
pub trait Observer {
    /// After each step. Where it breaks, the state is saved and the run ends with [`Error::Interrupted`].
    fn step(&mut self, progress: &Progress) -> ControlFlow<()>;
    /// A line of `stats.jsonl`.
    fn status(&mut self, status: &Status);
    /// It is time for a picture of samples; the network is the longest average. An error ends the run.
    fn samples(&mut self, images_seen: u64, network: &Weights) -> Result<()>;
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Images seen.
    pub images: u64,
    /// Images wanted.
    pub end: u64,
    /// Mean loss of the last step.
    pub loss: f64,
}

/// A run in its folder.
#[derive(Debug)]
pub struct Run {
    folder: Folder,
    log: Log,
    settings: Settings,
    state: State,
    tally: Tally,
}

impl Run {
    /// A new run, or the one that the folder holds, if it has the same settings.
    pub fn open(folder: Folder, settings: Settings, task: &impl Task) -> Result<Self> {
        settings.check()?;
        if let Some(found) = folder.settings()? {
            let differences = settings.differences(&found)?;
            if !differences.is_empty() {
                return Err(Error::Different {
                    folder: folder.path().to_owned(),
                    differences: differences.join(", "),
                });
            }
        }
        let layout = Layout::new(task.tensors()?);
        let training = &settings.training;
        let fresh = State::new(layout, training.seed, &training.average_stds)?;
        let (state, tally) = folder.state(fresh)?;
        folder.keep_settings(&settings)?;
        Ok(Self {
            log: folder.log(&state)?,
            folder,
            settings,
            state,
            tally,
        })
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Trains to the end, or until the observer stops it.
    pub fn train(&mut self, task: &mut impl Task, observer: &mut dyn Observer) -> Result<()> {
        let end = self.settings.training.images;
        let step = self.settings.step();
        let mut fruitless = 0;
        while self.state.images_seen < end {
            let start = Instant::now();
            let report = self.state.step(task, &step)?;
            let elapsed = start.elapsed();
            self.state.elapsed += elapsed;
            self.tally.add(&report, elapsed.as_secs_f64());
            let losses = report.observations.iter();
            let loss: f64 = losses.map(|seen| seen.loss).sum::<f64>() / step.batch as f64;
            fruitless = if loss.is_finite() { 0 } else { fruitless + 1 };
            if fruitless >= PATIENCE {
                let images = self.state.images_seen - fruitless * step.batch;
                return Err(Error::Diverged(images));
            }
            let last = self.state.images_seen >= end;
            self.events(task, observer, last)?;
            let progress = Progress {
                images: self.state.images_seen,
                end,
                loss,
            };
            if observer.step(&progress).is_break() && !last {
                self.folder.save_state(&self.state, &self.tally)?;
                return Err(Error::Interrupted(self.state.images_seen));
            }
        }
        Ok(())
    }

    /// What is due after a step.
    fn events(&mut self, task: &impl Task, observer: &mut dyn Observer, last: bool) -> Result<()> {
        let (now, batch) = (self.state.images_seen, self.settings.training.batch);
        let due = |interval: u64| last || now / interval != (now - batch) / interval;
        let intervals = self.settings.intervals.clone();
        if due(intervals.status) {
            let status = self.tally.take(&Place {
                images: now,
                steps: self.state.steps,
                zeroed: self.state.zeroed,
                elapsed_seconds: self.state.elapsed.as_secs_f64(),
            });
            self.log.say(&status)?;
            observer.status(&status);
        }
        if due(intervals.samples) {
            let longest = self
                .state
                .averages
                .iter()
                .max_by(|a, b| a.std.total_cmp(&b.std));
            if let Some(average) = longest {
                observer.samples(now, &weights(&self.state, average)?)?;
            }
        }
        if due(intervals.snapshot) {
            self.save_snapshots(task)?;
        }
        if due(intervals.state) {
            self.folder.save_state(&self.state, &self.tally)?;
        }
        Ok(())
    }

    fn save_snapshots(&self, task: &impl Task) -> Result<()> {
        for average in &self.state.averages {
            let images_seen = self.state.images_seen;
            let provenance = Provenance {
                ema_std: Some(average.std),
                images_seen: Some(images_seen),
                origin: Some("foil train".to_owned()),
                ..Provenance::default()
            };
            let path = self.folder.snapshot(images_seen, average.std);
            task.save(weights(&self.state, average)?, provenance, &path)?;
        }
        match self.settings.intervals.keep_snapshots {
            Some(count) => self.folder.keep_latest(count.max(1)),
            None => Ok(()),
        }
    }
}

/// An average as a network's tensors.
fn weights(state: &State, average: &Average) -> Result<Weights> {
    let entries = state.layout().entries().iter();
    let tensors = entries.map(|entry| {
        let numbers = match entry.role {
            Role::Fixed => &state.fixed[entry.range.clone()],
            Role::Weight | Role::Gain => &average.values[entry.range.clone()],
        };
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        let tensor = StoredTensor::in_memory(DType::F32, &entry.shape, bytes.collect())?;
        Ok((entry.name.clone(), tensor))
    });
    let tensors = tensors.collect::<Result<_>>()?;
    Ok(Weights::new("training", tensors))
}
