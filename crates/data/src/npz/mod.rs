//! numpy's archives of images, as ADM's programs keep samples: `arr_0`, bytes `[images, height, width, channels]`, and perhaps `arr_1`, the
//! label of each.
//!
//! What is stored plain is read by position, an image at a time: 50,000 images of 256×256 pixels are 10 GB. What is compressed has to be in memory.

mod archive;

use std::{
    borrow::Cow,
    fs::File,
    path::{Path, PathBuf},
};

use self::archive::Archive;
use crate::{
    Error, Fit, Options, Result,
    decode::MOST_PIXELS,
    error::{at, shown},
    fingerprint::Fingerprint,
    labels::Labels,
    members::read_at,
    npy::Header,
    picture::{Channels, Picture},
    source::{Opened, Source},
};

/// The images of one array.
#[derive(Debug)]
pub(crate) struct Npz {
    path: PathBuf,
    numbers: Numbers,
    count: usize,
    height: usize,
    width: usize,
    channels: Channels,
    checksum: u32,
}

/// Where the pixels are.
#[derive(Debug)]
enum Numbers {
    InFile { file: File, start: u64 },
    InMemory { content: Vec<u8>, start: usize },
}

impl Npz {
    /// Opens a zip archive, if it is one of numpy's with images.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Option<Opened>> {
        let Some(archive) = Archive::open(path)? else {
            return Ok(None);
        };
        let source = Self::read(path, &archive)?;
        let own = [source.height, source.width];
        let size = options.resolution.map_or(own, |side| [side, side]);
        let fit = options.fit.unwrap_or(Fit::Exact);
        fit.check(path, own, size)?;
        let labels = archive.labels.as_ref();
        let labels = labels
            .map(|member| labels_of(&archive, member, source.count))
            .transpose()?;
        Ok(Some(Opened {
            source: Source::Npz(source),
            size,
            fit,
            labels,
            skipped: Vec::new(),
        }))
    }

    fn read(path: &Path, archive: &Archive) -> Result<Self> {
        let member = &archive.images;
        let beginning = archive.beginning(member)?;
        let wrong = |problem: String| Error::foreign(&member.path, problem);
        let header = Header::read(&beginning);
        let header = header.ok_or_else(|| wrong("damaged .npy file".to_owned()))?;
        let sizes = header.sizes().unwrap_or_default();
        let form = match (header.kind, header.fortran, sizes.as_slice()) {
            ("|u1", false, &[count, height, width, 1]) => {
                Some((count, height, width, Channels::Grey))
            }
            ("|u1", false, &[count, height, width, 3]) => {
                Some((count, height, width, Channels::Colour))
            }
            _ => None,
        };
        let (count, height, width, channels) = form.ok_or_else(|| {
            wrong(format!(
                "an array of type {} ({}), not of images, which is |u1 (images, height, width, 3 or 1) in C's order",
                shown(header.kind),
                shown(header.shape)
            ))
        })?;
        let pixels = height.checked_mul(width);
        if u32::try_from(count).is_err()
            || count == 0
            || !pixels.is_some_and(|pixels| (1..=MOST_PIXELS).contains(&pixels))
        {
            return Err(wrong(format!(
                "{count} images of {width}×{height} pixels, which is nothing or more than is read"
            )));
        }
        let numbers = count as u128 * (height * width * channels.count()) as u128;
        if numbers + header.start as u128 != u128::from(member.place.size()) {
            return Err(wrong(format!(
                "too few or too many bytes for ({})",
                header.shape
            )));
        }
        let start = header.start;
        Ok(Self {
            path: path.to_owned(),
            numbers: if member.place.is_deflated() {
                Numbers::InMemory {
                    content: beginning,
                    start,
                }
            } else {
                Numbers::InFile {
                    start: member.place.start(&archive.file, &member.path)? + start as u64,
                    file: archive.file.try_clone().map_err(at(path))?,
                }
            },
            count,
            height,
            width,
            channels,
            checksum: member.place.checksum(),
        })
    }

    /// What a pixel is made of.
    pub(crate) fn channels(&self) -> Channels {
        self.channels
    }

    /// How many images.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Reads an image.
    pub(crate) fn picture(&self, index: usize) -> Result<Picture<'_>> {
        let size = self.height * self.width * self.channels.count();
        let bytes = match &self.numbers {
            Numbers::InMemory { content, start } => {
                let start = start + index * size;
                Cow::Borrowed(&content[start..start + size])
            }
            Numbers::InFile { file, start } => {
                let mut bytes = vec![0; size];
                let place = start + index as u64 * size as u64;
                let read = read_at(file, &mut bytes, place).map_err(at(&self.path))?;
                if read < size {
                    return Err(self.foreign(index, "the archive ends before"));
                }
                Cow::Owned(bytes)
            }
        };
        Ok(Picture {
            height: self.height,
            width: self.width,
            channels: self.channels,
            bytes,
        })
    }

    /// An error about one of the images.
    pub(crate) fn foreign(&self, index: usize, problem: &str) -> Error {
        Error::foreign(&self.path, format!("image {index}: {problem}"))
    }

    /// Adds what tells the images from others: the archive's checksum of them.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint) {
        fingerprint.number(self.count as u64);
        fingerprint.number(u64::from(self.checksum));
    }
}

/// The labels of so many images.
fn labels_of(archive: &Archive, member: &archive::Found, images: usize) -> Result<Labels> {
    let wrong = |problem: String| Error::foreign(&member.path, problem);
    let content = archive.content(member)?;
    let header = Header::read(&content);
    let header = header.ok_or_else(|| wrong("damaged .npy file".to_owned()))?;
    let (numbers, rest) = content[header.start..].as_chunks::<8>();
    if header.kind != "<i8" || header.sizes().as_deref() != Some(&[images]) {
        return Err(wrong(format!(
            "an array of type {} ({}), not the labels of {images} images, which are <i8 ({images},)",
            shown(header.kind),
            shown(header.shape)
        )));
    }
    if numbers.len() != images || !rest.is_empty() {
        return Err(wrong(format!(
            "too few or too many bytes for {images} labels"
        )));
    }
    let numbers = numbers.iter().map(|bytes| i64::from_le_bytes(*bytes));
    Labels::from_numbers(numbers).map_err(wrong)
}
