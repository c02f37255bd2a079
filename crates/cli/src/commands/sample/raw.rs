//! The network's results before they become 8 bits, in one safetensors file that is filled as images are made.
//!
//! The whole file is laid out at the beginning as `FILE.part`, with a mark in every place that has not been written; it gets
//! its name when no mark is left. So an interrupted command continues where it was, like the images do.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use candle_core::DType;
use foil_models::checkpoint;

/// A number that is not one, in a form that no computation makes.
const UNWRITTEN: [u8; 4] = 0x7fc0_f011_u32.to_le_bytes();

/// The file while it is being filled.
pub struct Raw {
    file: File,
    part: PathBuf,
    path: PathBuf,
    /// Bytes before the first label.
    header: u64,
    images: usize,
    /// Bytes of one label and of one image.
    sizes: [u64; 2],
}

/// What the file holds.
pub struct Layout<'a> {
    pub seeds: &'a [u64],
    /// Of one image: `[channels, height, width]`.
    pub shape: [usize; 3],
    /// How many classes the network knows.
    pub classes: usize,
    /// The settings, for the metadata.
    pub settings: &'a str,
}

impl Raw {
    /// Opens a file that was begun with the same settings, or begins one.
    pub fn open(path: &Path, layout: &Layout<'_>) -> Result<Self> {
        let part = PathBuf::from(format!("{}.part", path.display()));
        let described = || format!("cannot write {}", part.display());
        let header = header(path, layout)?;
        let sizes = [
            4 * layout.classes as u64,
            4 * layout.shape.iter().product::<usize>() as u64,
        ];
        let images = layout.seeds.len();
        for begun in [path, &part] {
            if let Ok(file) = OpenOptions::new().read(true).write(true).open(begun)
                && begins_with(&file, &header)
            {
                let (path, part) = (path.to_owned(), begun.to_owned());
                let header = header.len() as u64;
                return Ok(Self {
                    file,
                    part,
                    path,
                    header,
                    images,
                    sizes,
                });
            }
        }
        foil_files::check_writable(foil_files::folder_of(path))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&part)
            .with_context(described)?;
        file.write_all(&header).with_context(described)?;
        let marks = UNWRITTEN.repeat(((sizes[0] + sizes[1]) / 4) as usize);
        for _ in 0..images {
            file.write_all(&marks).with_context(described)?;
        }
        let header = header.len() as u64;
        Ok(Self {
            file,
            part,
            path: path.to_owned(),
            header,
            images,
            sizes,
        })
    }

    /// Where an image's label and its numbers lie.
    fn places(&self, index: usize) -> [u64; 2] {
        let labels = self.header;
        let samples = labels + self.images as u64 * self.sizes[0];
        [
            labels + index as u64 * self.sizes[0],
            samples + index as u64 * self.sizes[1],
        ]
    }

    /// Whether an image is there.
    pub fn has(&self, index: usize) -> bool {
        let mut bytes = vec![0; self.sizes[1] as usize];
        let read = self.file.read_exact_at(&mut bytes, self.places(index)[1]);
        read.is_ok() && !bytes.as_chunks::<4>().0.contains(&UNWRITTEN)
    }

    /// Writes the label and the numbers of an image.
    pub fn put(&self, index: usize, label: &[f32], sample: &[f32]) -> Result<()> {
        let [at_label, at_sample] = self.places(index);
        let bytes = foil_toy::numbers::bytes_of;
        let written = self.file.write_all_at(&bytes(label), at_label);
        let written = written.and_then(|()| self.file.write_all_at(&bytes(sample), at_sample));
        written.with_context(|| format!("cannot write {}", self.part.display()))
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<()> {
        let done = self
            .file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.part, &self.path));
        done.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// The beginning of the file, up to its tensors.
fn header(path: &Path, layout: &Layout<'_>) -> Result<Vec<u8>> {
    let images = layout.seeds.len();
    let [channels, height, width] = layout.shape;
    let seeds: Vec<String> = layout.seeds.iter().map(u64::to_string).collect();
    let metadata = [
        ("foil.kind", "samples"),
        ("foil.seeds", &seeds.join(",")),
        ("foil.settings", layout.settings),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let tensors: [(_, _, &[usize]); 2] = [
        ("labels", DType::F32, &[images, layout.classes]),
        ("samples", DType::F32, &[images, channels, height, width]),
    ];
    Ok(checkpoint::header(path, &tensors, metadata.into())?)
}

fn begins_with(file: &File, header: &[u8]) -> bool {
    let mut found = vec![0; header.len()];
    file.read_exact_at(&mut found, 0).is_ok() && found == header
}
