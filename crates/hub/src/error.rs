//! Why a file cannot be had.

use std::path::{Path, PathBuf};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder of the cache could not be read or written.
    #[error("cannot access {path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The disk is full.
    #[error("no space left on the disk of {path}{}; what has arrived is kept", needed(*.missing))]
    Full {
        /// What was being written.
        path: PathBuf,
        /// Bytes that are still to come, where known.
        missing: Option<u64>,
    },
    /// What was typed is no address.
    #[error("'{text}': {problem}")]
    Address {
        /// What was typed.
        text: String,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// The environment has a setting that means nothing.
    #[error("{variable}='{value}': {problem}")]
    Environment {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong.
        problem: String,
    },
    /// The file is not here and connections are not allowed.
    #[error("{address} is not in the cache, and this run is offline; {by_hand}")]
    Offline {
        /// What would be fetched.
        address: String,
        /// How to do without a connection.
        by_hand: String,
    },
    /// No answer.
    #[error("cannot reach {address}: {problem}; {by_hand}")]
    Unreachable {
        /// What was asked for.
        address: String,
        /// What happened.
        problem: String,
        /// How to do without a connection.
        by_hand: String,
    },
    /// An answer that is not the file.
    #[error("{address}: the server answered {status}: {meaning}")]
    Status {
        /// What was asked for.
        address: String,
        /// The number.
        status: u16,
        /// What it means here.
        meaning: String,
    },
    /// A redirection to where none is followed.
    #[error("{address} redirects to {target}; only https is followed")]
    Redirect {
        /// What was asked for.
        address: String,
        /// Where it leads.
        target: String,
    },
    /// Larger than any file that this program reads.
    #[error("{address} is {} GB, more than the {} GB that are ever fetched", *.bytes / 1_000_000_000, crate::download::LARGEST / 1_000_000_000)]
    TooLarge {
        /// What was asked for.
        address: String,
        /// Its size.
        bytes: u64,
    },
    /// What arrived is not what was announced.
    #[error("{address}: {problem}")]
    Damaged {
        /// What was asked for.
        address: String,
        /// How it differs.
        problem: String,
    },
    /// The observer asked to stop.
    #[error("interrupted; the same command continues where it stopped")]
    Interrupted,
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Makes an error of the file system say which file.
pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File {
        path: path.to_owned(),
        source,
    }
}

fn needed(missing: Option<u64>) -> String {
    missing.map_or_else(String::new, |bytes| {
        format!(", where {} MB more are needed", bytes.div_ceil(1_000_000))
    })
}
