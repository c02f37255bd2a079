//! Files of images to pixels of 8 bits, and files of latents to their moments. A file is known by its first bytes, whatever its name
//! ends with.
//!
//! As in Pillow's conversions, on which data sets are made, opacity is dropped, of 16 bits the upper 8 remain, a palette counts as
//! colour whatever is in it, and neither colour profiles nor a camera's orientation are applied.

mod array;
mod jpeg;
mod png;
mod webp;

use std::{borrow::Cow, fmt};

pub(crate) use array::moments;

use crate::{
    npy,
    picture::{Channels, Picture},
};

/// The endings of files that are read.
pub(crate) const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "webp", "npy"];

/// Larger images are no training data, and a header may announce anything.
pub(crate) const MOST_PIXELS: usize = 1 << 26;

/// What a file is, as its header has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Head {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) content: Content,
}

/// What a place of an image is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Content {
    Pixels(Channels),
    /// A mean and a standard deviation for each channel.
    Moments {
        channels: usize,
    },
}

impl Content {
    /// How many channels.
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Pixels(channels) => channels.count(),
            Self::Moments { channels } => channels,
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}×{} ", self.width, self.height)?;
        match self.content {
            Content::Pixels(_) => write!(formatter, "pixels"),
            Content::Moments { channels } => write!(formatter, "latents of {channels} channels"),
        }
    }
}

/// What is wrong with an image, on one line.
pub(crate) type Decoded<T> = Result<T, String>;

enum Format {
    Png,
    Jpeg,
    WebP,
    Array,
}

fn format(bytes: &[u8]) -> Decoded<Format> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(Format::Png),
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Ok(Format::WebP),
        [] => Err("an empty file".to_owned()),
        _ if bytes.starts_with(npy::MAGIC) => Ok(Format::Array),
        _ => Err("neither a PNG nor a JPEG nor a WebP image, nor an array of numpy".to_owned()),
    }
}

/// Reads the header of a file of so many bytes, for which its beginning may be enough.
pub(crate) fn head(bytes: &[u8], size: u64) -> Decoded<Head> {
    let head = match format(bytes)? {
        Format::Png => png::head(bytes),
        Format::Jpeg => jpeg::head(bytes),
        Format::WebP => webp::head(bytes),
        Format::Array => array::head(bytes, size),
    }?;
    let sizes = [head.height, head.width, head.content.channels().div_ceil(3)];
    let pixels = sizes
        .iter()
        .try_fold(1_usize, |count, &size| count.checked_mul(size));
    match pixels {
        Some(1..=MOST_PIXELS) => Ok(head),
        _ => Err(format!(
            "{head}, which is nothing or more than the {} million pixels that are read",
            MOST_PIXELS >> 20
        )),
    }
}

/// Reads an image.
pub(crate) fn picture(bytes: &[u8]) -> Decoded<Picture<'static>> {
    let head = head(bytes, bytes.len() as u64)?;
    let Content::Pixels(channels) = head.content else {
        return Err(format!("{head} where pixels are needed"));
    };
    let pixels = match format(bytes)? {
        Format::Png => png::pixels(bytes),
        Format::Jpeg => jpeg::pixels(bytes, channels),
        Format::WebP => webp::pixels(bytes),
        Format::Array => Err("no image".to_owned()),
    }?;
    if pixels.len() != head.height * head.width * channels.count() {
        return Err("more or fewer pixels than its header announces".to_owned());
    }
    Ok(Picture {
        height: head.height,
        width: head.width,
        channels,
        bytes: Cow::Owned(pixels),
    })
}

/// Drops the last of each so many values.
fn without_opacity(mut pixels: Vec<u8>, samples: usize) -> Vec<u8> {
    let count = pixels.len() / samples;
    for pixel in 0..count {
        let start = pixel * samples;
        pixels.copy_within(start..start + samples - 1, pixel * (samples - 1));
    }
    pixels.truncate(count * (samples - 1));
    pixels
}
