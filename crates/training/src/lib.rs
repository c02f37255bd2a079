//! Training of diffusion models: EDM2's loss and step, resumable runs, and averages of weights, during training and after it.
//!
//! All randomness is a function of (seed, images seen), so that a run that was interrupted continues to the same bits.

mod classification;
mod denoising;
pub mod ema;
mod error;
mod folder;
mod images;
mod learning_rate;
mod log;
mod parameters;
pub mod preset;
pub mod reconstruction;
mod run;
mod settings;
mod state;
mod streams;
mod tally;
mod task;
pub mod tensorboard;

pub use classification::Classification;
pub use denoising::{Denoising, NoiseLevels};
pub use error::{Error, Result};
pub use folder::Folder;
pub use images::{Batch, Images, Presentation};
pub use learning_rate::LearningRate;
pub use parameters::{Entry, Layout, Role};
pub use run::{Observer, Progress, Run};
pub use settings::{Data, Goal, Intervals, Precision, Settings, Training, in_one_line};
pub use state::{Average, Report, State, Step};
pub use tally::{Band, Status};
pub use task::{Losses, Observation, Task};
