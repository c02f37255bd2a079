//! Features on disk while they are being made, so that the same command continues, and other metrics of the same images need no new ones.
//!
//! A file is rows of numbers, one for each image, in the order of images. Its name says what they are of, by a digest of everything that decides
//! them: a file of that name holds just these rows, or the first of them.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use foil_evaluation::Features;

/// One file of rows.
pub struct Rows {
    path: PathBuf,
    file: File,
    width: usize,
    count: usize,
}

impl Rows {
    /// Opens a file of rows of so many numbers, which is made if it is not there. Nobody else has it until it is dropped.
    pub fn open(path: &Path, width: usize) -> Result<Self> {
        let described = || format!("cannot write {}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).with_context(described)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => bail!(
                "another process makes {}; wait for it, or choose another --out",
                path.display()
            ),
            Err(std::fs::TryLockError::Error(problem)) => {
                return Err(problem).with_context(described);
            }
        }
        let length = file.metadata().with_context(described)?.len() as usize;
        Ok(Self {
            path: path.to_owned(),
            file,
            width,
            count: length / (4 * width),
        })
    }

    /// Whole rows that are there.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds rows of which the first one belongs to image `first`: those that are not there.
    pub fn offer(&mut self, first: usize, numbers: &[f32]) -> Result<()> {
        ensure!(
            numbers.len().is_multiple_of(self.width) && first <= self.count,
            "{} numbers from image {first} on, in rows of {} of which {} are there",
            numbers.len(),
            self.width,
            self.count
        );
        let known = (self.count - first) * self.width;
        let Some(numbers) = numbers.get(known..) else {
            return Ok(());
        };
        // A row that was half written when the program was killed is written over.
        let end = SeekFrom::Start((self.count * self.row()) as u64);
        let bytes = foil_toy::numbers::bytes_of(numbers);
        let written = self.file.seek(end);
        let written = written.and_then(|_| self.file.write_all(&bytes));
        written.with_context(|| format!("cannot write {}", self.path.display()))?;
        self.count += numbers.len() / self.width;
        Ok(())
    }

    /// The first rows.
    pub fn read(&mut self, rows: usize) -> Result<Features> {
        let described = || format!("cannot read {}", self.path.display());
        let mut bytes = vec![0; rows * self.row()];
        let read = self.file.seek(SeekFrom::Start(0));
        let read = read.and_then(|_| self.file.read_exact(&mut bytes));
        read.with_context(described)?;
        let (numbers, _) = bytes.as_chunks::<4>();
        let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
        Features::new(self.width, numbers.collect()).with_context(described)
    }

    fn row(&self) -> usize {
        4 * self.width
    }
}
