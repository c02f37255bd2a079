//! What can go wrong in a run.

use std::path::PathBuf;

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot access {path}")]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not what it should be, or is damaged.
    #[error("{path}: {problem}")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Settings that make no sense.
    #[error("{0}")]
    Settings(String),
    /// The folder belongs to a run with other settings.
    #[error("{folder} holds a run with other settings: {differences}; choose another folder")]
    Different {
        /// The folder.
        folder: PathBuf,
        /// Which settings, there and here.
        differences: String,
    },
    /// The loss has not been finite for many steps.
    #[error(
        "training diverged: no finite loss since image {0}; the last saved state is from before that"
    )]
    Diverged(u64),
    /// The observer asked to stop; the state is saved.
    #[error("stopped after {0} images; the same command continues from there")]
    Interrupted(u64),
    /// A file that is written whole or not at all.
    #[error(transparent)]
    Files(#[from] foil_files::FileError),
    /// The data set.
    #[error(transparent)]
    Data(#[from] foil_data::Error),
    /// The network, or its file.
    #[error(transparent)]
    Model(#[from] foil_models::Error),
    /// Averages of weights.
    #[error(transparent)]
    Average(#[from] crate::ema::Error),
    /// Sampling, noise or preconditioning.
    #[error(transparent)]
    Diffusion(#[from] foil_diffusion::Error),
    /// An operation failed.
    #[error(transparent)]
    Operation(#[from] foil_tensor::Error),
    /// The tensor library failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
