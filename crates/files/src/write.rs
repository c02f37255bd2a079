//! Writing beside a file's place, then renaming.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use tempfile::NamedTempFile;

use crate::{
    FileError,
    folder::{create, folder_of, temporary_in},
};

/// Writes a file, and the folders above it, so that a reader never sees half of it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = folder_of(path);
    create(folder)?;
    let mut beside = temporary_in(folder).map_err(FileError::writing(path))?;
    beside
        .write_all(bytes)
        .and_then(|()| publish(beside, path))
        .map_err(FileError::writing(path))
}

/// Writes a file as `fill` makes it, so that a reader never sees half of it, into a folder that is there.
///
/// What is written so may be larger than memory and take long to make: it is on the disk before it has its name. Errors of
/// the file system become those of `fill` by [`FileError::writing`].
pub fn write_with<E: From<FileError>>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), E>,
) -> Result<(), E> {
    let failed = FileError::writing(path);
    let mut beside = temporary_in(folder_of(path)).map_err(&failed)?;
    let mut out = BufWriter::new(beside.as_file_mut());
    fill(&mut out)?;
    out.flush().map_err(&failed)?;
    drop(out);
    let stored = beside.as_file().sync_all();
    Ok(stored
        .and_then(|()| publish(beside, path))
        .map_err(failed)?)
}

/// Gives a finished file its name.
fn publish(beside: NamedTempFile, path: &Path) -> io::Result<()> {
    make_readable(beside.as_file())?;
    beside.persist(path)?;
    Ok(())
}

/// Temporary files are private to their owner; results are not.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}
