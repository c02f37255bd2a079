//! Images that `foil sample` wrote, with the classes that they were made with.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use foil_evaluation::{Error, Images};
use foil_models::Pixels;
use rayon::prelude::*;
use ring::digest::{Context as Digest, SHA256};

use super::generated::planes;
use crate::commands::evaluate::hexadecimal;
use crate::commands::sample::{Record, images_in, read_note, read_pixels};

/// The images of a folder.
pub struct Samples {
    files: Vec<PathBuf>,
    /// Of each.
    pub classes: Vec<u32>,
    shape: [usize; 3],
}

impl Samples {
    /// Finds them, and reads what they say of themselves.
    pub fn open(folder: &Path) -> Result<Self> {
        let files = images_in(folder)?;
        let first = files.first().with_context(|| {
            format!(
                "{}: no images of `foil sample` here, such as 000000.png",
                folder.display()
            )
        })?;
        let shape = shape(&read_pixels(first)?);
        let classes = files.par_iter().map(|file| {
            let record: Record = read_note(file)?;
            let class = record.drawn_class;
            class.with_context(|| format!("{} was made without a class", file.display()))
        });
        Ok(Self {
            classes: classes.collect::<Result<_>>()?,
            files,
            shape,
        })
    }

    fn pixels(&self, index: usize, out: &mut [u8]) -> Result<()> {
        let file = &self.files[index];
        let pixels = read_pixels(file)?;
        let found = shape(&pixels);
        ensure!(
            found == self.shape,
            "{} is {found:?} (channels, height, width), others {:?}",
            file.display(),
            self.shape
        );
        out.copy_from_slice(&planes(&pixels));
        Ok(())
    }

    /// Of all files' bytes.
    pub fn fingerprint(&self) -> Result<String> {
        let mut digest = Digest::new(&SHA256);
        for file in &self.files {
            let bytes = std::fs::read(file);
            digest.update(&bytes.with_context(|| format!("cannot read {}", file.display()))?);
        }
        Ok(hexadecimal(&digest.finish().as_ref()[..8]))
    }
}

fn shape(pixels: &Pixels) -> [usize; 3] {
    [pixels.channels, pixels.height, pixels.width]
}

impl Images for Samples {
    fn count(&self) -> usize {
        self.files.len()
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn read(&self, index: usize, out: &mut [u8]) -> foil_evaluation::Result<()> {
        let read = self.pixels(index, out);
        read.map_err(|error| Error::Source(error.into()))
    }
}
