//! A training run in a folder: snapshots on the way, a state to continue from, and the same command again to do so.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{Config, SavedModel, SnapshotError, Training};

/// Iterations from one snapshot to the next.
const INTERVAL: u32 = 256;

/// What to train, how long and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What.
    pub config: Config,
    /// How long.
    pub iterations: u32,
    /// The folder of the state and the snapshots `iter0256.safetensors`, ….
    pub folder: PathBuf,
}

/// Why a run did not reach its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The folder is taken by another run.
    #[error("{folder} holds a run of {found}, not of {wanted}; choose another folder")]
    Different {
        /// The folder.
        folder: PathBuf,
        /// What is in it.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// The loss is not finite any more.
    #[error("training diverged at iteration {0}")]
    Diverged(u32),
    /// The observer asked to stop; the state is saved.
    #[error("interrupted at iteration {0}; the same command continues from there")]
    Interrupted(u32),
}

/// A finished run.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The averaged network.
    pub saved: SavedModel,
    /// Time spent training, interruptions left out.
    pub seconds: f64,
}

/// Where a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Iterations made.
    pub iteration: u32,
    /// Iterations wanted.
    pub iterations: u32,
    /// Mean loss of the last batch.
    pub loss: f64,
}

impl Run {
    /// The snapshot of an iteration.
    pub fn snapshot(&self, iteration: u32) -> PathBuf {
        self.folder.join(format!("iter{iteration:04}.safetensors"))
    }

    fn state(&self) -> PathBuf {
        self.folder.join("state.safetensors")
    }

    /// Trains, or continues, or finds that there is nothing left to do.
    ///
    /// The observer is called after each iteration; where it breaks, the state is saved and the run ends with
    /// [`RunError::Interrupted`].
    pub fn train(
        &self,
        mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Trained, RunError> {
        let mut training = self.open()?;
        if training.iteration() > self.iterations {
            let saved = SavedModel::load(&self.snapshot(self.iterations))?;
            return Ok(Trained {
                saved,
                seconds: training.seconds(),
            });
        }
        let last = self.snapshot(self.iterations);
        let unfinished = training.iteration() < self.iterations || !last.exists();
        while training.iteration() < self.iterations {
            let start = Instant::now();
            let loss = training.step();
            training.add_seconds(start.elapsed().as_secs_f64());
            let iteration = training.iteration();
            if !loss.is_finite() {
                return Err(RunError::Diverged(iteration));
            }
            if iteration.is_multiple_of(INTERVAL) && iteration < self.iterations {
                training.save_model(&self.snapshot(iteration))?;
                training.save_state(&self.state())?;
            }
            if observer(&Progress {
                iteration,
                iterations: self.iterations,
                loss,
            })
            .is_break()
            {
                training.save_state(&self.state())?;
                return Err(RunError::Interrupted(iteration));
            }
        }
        if unfinished {
            training.save_model(&last)?;
            training.save_state(&self.state())?;
        }
        Ok(Trained {
            saved: SavedModel::load(&last)?,
            seconds: training.seconds(),
        })
    }

    /// The state in the folder, or a fresh one.
    fn open(&self) -> Result<Training, RunError> {
        let state = self.state();
        if !state.exists() {
            return Ok(Training::new(self.config));
        }
        let training = Training::load_state(&state)?;
        if training.config() == self.config {
            return Ok(training);
        }
        let folder = self.folder.clone();
        Err(RunError::Different {
            folder,
            found: describe(training.config()),
            wanted: describe(self.config),
        })
    }

    /// Copies the last snapshot to where a user looks for it.
    pub fn publish(&self, path: &Path) -> Result<(), SnapshotError> {
        let from = self.snapshot(self.iterations);
        let bytes = foil_files::read(&from, u64::MAX)?;
        Ok(foil_files::write(path, &bytes)?)
    }
}

fn describe(config: Config) -> String {
    let Config {
        class,
        architecture,
        seed,
    } = config;
    let (layers, width) = (architecture.layers, architecture.width);
    format!(
        "class {}, {layers} layers, width {width}, seed {seed}",
        class.name()
    )
}
