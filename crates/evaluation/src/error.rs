//! What can go wrong while images are judged.

use std::path::PathBuf;

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that is not what it should be, or is damaged.
    #[error("{path}: {problem}")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A network that cannot judge images.
    #[error("{0}")]
    Network(String),
    /// Images that the network cannot judge.
    #[error("{0}")]
    Images(String),
    /// Features that make no sense.
    #[error("{0}")]
    Features(String),
    /// The observer asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// An image could not be read.
    #[error(transparent)]
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// The network, or a file of tensors.
    #[error(transparent)]
    Model(#[from] foil_models::Error),
    /// The tensor library failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
