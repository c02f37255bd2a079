//! What can be wrong with snapshots or with what is asked of them.

use std::path::PathBuf;

use crate::ema;

/// The error of a reconstruction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder could not be read or made.
    #[error("cannot access {path}")]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No file of the folder counts.
    #[error(
        "{path}: no snapshots; they are files that end in .pkl or .safetensors, taken after training began"
    )]
    Empty {
        /// Which folder.
        path: PathBuf,
    },
    /// A file that cannot be a snapshot of the run.
    #[error("{path}: {problem}")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it is or lacks.
        problem: String,
    },
    /// Two files that cannot be of one run.
    #[error("{first} and {second} are not snapshots of one run: {difference}")]
    Different {
        /// One file.
        first: PathBuf,
        /// Another.
        second: PathBuf,
        /// How they differ.
        difference: String,
    },
    /// No snapshot was taken at this time.
    #[error("no snapshot at {asked} thousand images; {known}")]
    Time {
        /// What was asked for.
        asked: u64,
        /// When snapshots were taken.
        known: String,
    },
    /// One snapshot says nothing about another length.
    #[error(
        "one snapshot up to {images} images is too few for another length than its own; at least two are needed"
    )]
    TooFew {
        /// The time asked for.
        images: u64,
    },
    /// A length that a file's name cannot tell.
    #[error(
        "EMA length {0} is not allowed: files are named by thousandths, and each length is made once"
    )]
    Length(f64),
    /// A result would be in the way of something else.
    #[error("{path} {problem}; choose another folder")]
    InTheWay {
        /// What is there.
        path: PathBuf,
        /// Why it must not be touched.
        problem: String,
    },
    /// A tensor that the file's type cannot hold.
    #[error("{tensor} would not be finite in {precision}")]
    NotFinite {
        /// Which tensor.
        tensor: String,
        /// The type it was to have.
        precision: &'static str,
    },
    /// The observer asked to stop.
    #[error("interrupted; the same command begins again with what is missing")]
    Interrupted,
    /// A length or a set of snapshots that has no solution.
    #[error(transparent)]
    Average(#[from] ema::Error),
    /// A snapshot could not be read, or a result not written.
    #[error(transparent)]
    Model(#[from] foil_models::Error),
}

/// The result of a reconstruction.
pub type Result<T> = std::result::Result<T, Error>;
