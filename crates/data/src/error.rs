//! What can be wrong with a data set, or with what is asked of it.

use std::path::{Path, PathBuf};

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
    /// Options that this data set cannot follow.
    #[error("{0}")]
    Options(String),
    /// An image, a kind of content or a buffer that the data set does not have.
    #[error("{0}")]
    Request(String),
    /// The observer asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A file that is not what it should be.
    pub(crate) fn foreign(path: &Path, problem: impl Into<String>) -> Self {
        Self::Foreign {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }
}

/// Makes an error of the file system say which file.
pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File {
        path: path.to_owned(),
        source,
    }
}

/// Text from a file, fit for one line of a terminal whatever it holds.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut characters = text.chars();
    let short: String = characters.by_ref().take(LONGEST).collect();
    let more = if characters.next().is_some() {
        "…"
    } else {
        ""
    };
    format!("{}{more}", short.escape_debug())
}
