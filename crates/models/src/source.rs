//! A file that is read in parts, and keeps its name for whatever has to be said about it.

use std::{
    fs::File,
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Error, Result,
    mapped::{self, Mapped},
};

/// A file open for reading, one that is part of the program, or one that was made in memory.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    place: Place,
    length: u64,
}

#[derive(Debug)]
enum Place {
    Disk(File),
    Program(&'static [u8]),
    Memory(Arc<[u8]>),
}

impl SourceFile {
    /// Opens a regular file: a folder is refused, and so is what could block, such as a pipe.
    pub fn open(path: impl Into<PathBuf>) -> Result<Arc<Self>> {
        let path = path.into();
        match Self::regular(&path) {
            Ok((file, length)) => Ok(Arc::new(Self {
                path,
                place: Place::Disk(file),
                length,
            })),
            Err(source) => Err(Error::File { path, source }),
        }
    }

    /// Bytes of the program itself, as `include_bytes!` gives them, under the name by which messages shall call them.
    pub fn embedded(name: impl Into<PathBuf>, bytes: &'static [u8]) -> Arc<Self> {
        Arc::new(Self {
            path: name.into(),
            place: Place::Program(bytes),
            length: bytes.len() as u64,
        })
    }

    /// Bytes that were made as a file's, under the name by which messages shall call them.
    pub fn in_memory(name: impl Into<PathBuf>, bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            path: name.into(),
            length: bytes.len() as u64,
            place: Place::Memory(bytes.into()),
        })
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

    /// A copy of a part of it that is not empty.
    pub fn part(&self, range: Range<u64>) -> Result<Vec<u8>> {
        Ok(self.map(&range)?.to_vec())
    }

    /// A part of it that is not empty, where it lies.
    pub(crate) fn map(&self, range: &Range<u64>) -> Result<Mapped> {
        let mapped = match &self.place {
            Place::Disk(file) => mapped::map(file, range),
            Place::Program(bytes) => {
                mapped::part(bytes.len(), range).map(|part| Mapped::Program(&bytes[part]))
            }
            Place::Memory(bytes) => {
                mapped::part(bytes.len(), range).map(|part| Mapped::Memory(Arc::clone(bytes), part))
            }
        };
        mapped.map_err(|source| Error::File {
            path: self.path.clone(),
            source,
        })
    }
}
