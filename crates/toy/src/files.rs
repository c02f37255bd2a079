//! Files that are whole or not there: written beside their place, then renamed.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Reading failed.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Writing failed.
    #[error("cannot write {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Writes a file, and the folders above it, so that a reader never sees half of it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let folder = folder_of(path);
    create_folder(folder)?;
    let mut beside = temporary_in(folder).map_err(failed)?;
    beside.write_all(bytes).map_err(failed)?;
    make_readable(beside.as_file()).map_err(failed)?;
    beside.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn temporary_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".foil-")
        .tempfile_in(folder)
}

/// Numbers as safetensors stores them.
pub fn bytes_of(numbers: &[f32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// Stored numbers; none if one of them is not finite.
pub fn finite_numbers(bytes: &[u8]) -> Option<Vec<f32>> {
    let numbers = bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes));
    numbers
        .map(|number| number.is_finite().then_some(number))
        .collect()
}

/// Makes a folder and those above it.
fn create_folder(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(|source| FileError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Finds out whether files can be written into a folder, before work is spent on them.
pub fn check_writable(folder: &Path) -> Result<(), FileError> {
    create_folder(folder)?;
    let failed = |source| FileError::Write {
        path: folder.to_owned(),
        source,
    };
    temporary_in(folder).map(drop).map_err(failed)
}

/// Reads a file that has no business being larger than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > limit {
        return Err(failed(std::io::Error::other(format!(
            "it has {size} bytes, more than the {limit} allowed"
        ))));
    }
    std::fs::read(path).map_err(failed)
}

/// Temporary files are private to their owner; results are not.
#[cfg(unix)]
fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
