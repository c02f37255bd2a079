//! Writing beside a file's place, then renaming.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
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
    fill: impl FnOnce(&mut Unfinished) -> Result<(), E>,
) -> Result<(), E> {
    let mut out = Unfinished::begin(path)?;
    fill(&mut out)?;
    Ok(out.finish()?)
}

/// A file that is being written beside its place, in the same folder. If it is never finished, nothing stays of it.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    out: BufWriter<NamedTempFile>,
}

impl Unfinished {
    /// Begins a file in a folder that is there.
    pub fn begin(path: &Path) -> Result<Self, FileError> {
        let beside = temporary_in(folder_of(path)).map_err(FileError::writing(path))?;
        Ok(Self {
            path: path.to_owned(),
            out: BufWriter::new(beside),
        })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in its place, once it is on the disk.
    pub fn finish(self) -> Result<(), FileError> {
        let Self { path, out } = self;
        let beside = out.into_inner().map_err(io::IntoInnerError::into_error);
        beside
            .and_then(|beside| {
                beside.as_file().sync_all()?;
                publish(beside, &path)
            })
            .map_err(FileError::writing(&path))
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Seek for Unfinished {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.out.seek(to)
    }
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
