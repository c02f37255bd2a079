//! Training of the energy networks, exactly resumable: everything random is a function of (seed, iteration).

mod adam;
mod run;
mod snapshot;
mod state;
mod step;

pub use run::{Progress, Run, RunError, Trained};
pub use snapshot::{SavedModel, SnapshotError};
pub use state::{Config, Training};
