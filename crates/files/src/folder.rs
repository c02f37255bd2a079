//! Folders of files that are to be written.

use std::{io, path::Path};

use tempfile::{Builder, NamedTempFile};

use crate::FileError;

/// How names of unfinished files begin.
const UNFINISHED: &str = ".foil-";

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

/// Removes what those left who were killed while they wrote into a folder, which may not be there. It is for those who know that
/// nobody else writes into it.
pub fn remove_unfinished(folder: &Path) -> Result<(), FileError> {
    let failed = FileError::writing(folder);
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(&failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(&failed)?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let path = entry.path();
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed.map_err(FileError::writing(&path))?,
            }
        }
    }
    Ok(())
}

/// Makes a folder and those above it.
pub(crate) fn create(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(FileError::writing(path))
}

/// A file that disappears unless it gets a name.
pub(crate) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new().prefix(UNFINISHED).tempfile_in(folder)
}
