//! A file that is read in parts, and keeps its name for whatever has to be said about it.

use std::{
    fs::File,
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use memmap2::Mmap;

use crate::{Error, Result};

/// A file open for reading.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl SourceFile {
    /// Opens a regular file: a folder is refused, and so is what could block, such as a pipe.
    pub fn open(path: impl Into<PathBuf>) -> Result<Arc<Self>> {
        let path = path.into();
        match Self::regular(&path) {
            Ok((file, length)) => Ok(Arc::new(Self { path, file, length })),
            Err(source) => Err(Error::File { path, source }),
        }
    }

    fn regular(path: &Path) -> io::Result<(File, u64)> {
        let kind = std::fs::metadata(path)?.file_type();
        if kind.is_dir() {
            return Err(io::Error::other("is a folder where a file is expected"));
        }
        if !kind.is_file() {
            return Err(io::Error::other("is no regular file"));
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it had when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Maps a part of it that is not empty.
    pub(crate) fn map(&self, range: &Range<u64>) -> Result<Mmap> {
        crate::mapped::map(&self.file, range).map_err(|source| Error::File {
            path: self.path.clone(),
            source,
        })
    }
}
