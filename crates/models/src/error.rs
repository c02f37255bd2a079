//! What can be wrong with a model: its file, its weights, its configuration, or what it is asked for.

use std::path::PathBuf;

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot access {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] foil_files::FileError),
    /// A file that is not what it should be, or is damaged.
    #[error("{path}: {problem}")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Tensors that are not those of the network.
    #[error("{origin}: {problem}")]
    Weights {
        /// Where they came from.
        origin: String,
        /// Which are missing, unknown or misshapen.
        problem: String,
    },
    /// No preset or network has this name.
    #[error("unknown preset '{name}'{}; `foil models` lists all", did_you_mean(.similar))]
    UnknownName {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        similar: Vec<String>,
    },
    /// A configuration that describes no network.
    #[error("configuration: {0}")]
    Config(String),
    /// A condition the network does not know.
    #[error("{0}")]
    Condition(String),
    /// A network that cannot be made worse in this way.
    #[error("perturbation: {0}")]
    Perturbation(String),
    /// Weights that cannot be made worse in this way.
    #[error("degradation: {0}")]
    Degradation(String),
    /// A tensor the network cannot take.
    #[error("{0}")]
    Input(String),
    /// An operation failed.
    #[error(transparent)]
    Operation(#[from] foil_tensor::Error),
    /// Sampling failed or was stopped.
    #[error(transparent)]
    Sampling(#[from] foil_diffusion::Error),
    /// The tensor library failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

fn did_you_mean(similar: &[String]) -> String {
    if similar.is_empty() {
        return String::new();
    }
    format!("; did you mean {}", similar.join(" or "))
}
