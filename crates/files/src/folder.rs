//! Folders of files that are to be written.

use std::{io, path::Path};

use tempfile::{Builder, NamedTempFile};

use crate::FileError;

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Finds out whether files can be written into a folder, which is made if it is not there, before work is spent on them.
pub fn check_writable(folder: &Path) -> Result<(), FileError> {
    create(folder)?;
    temporary_in(folder)
        .map(drop)
        .map_err(FileError::writing(folder))
}

/// Makes a folder and those above it.
pub(crate) fn create(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(FileError::writing(path))
}

/// A file that disappears unless it gets a name.
pub(crate) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new().prefix(".foil-").tempfile_in(folder)
}
