//! Files of images to pixels of 8 bits. A file is known by its first bytes, whatever its name ends with.
//!
//! As in Pillow's conversions, on which data sets are made, opacity is dropped, of 16 bits the upper 8 remain, a palette counts as
//! colour whatever is in it, and neither colour profiles nor a camera's orientation are applied.

mod jpeg;
mod png;
mod webp;

use std::borrow::Cow;

use crate::picture::{Channels, Picture};

/// The endings of files that are read as images.
pub(crate) const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// Larger images are no training data, and a header may announce anything.
pub(super) const MOST_PIXELS: usize = 1 << 26;

/// What an image is, as its header has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: Channels,
}

/// What is wrong with an image, on one line.
pub(crate) type Decoded<T> = Result<T, String>;

enum Format {
    Png,
    Jpeg,
    WebP,
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
        _ => Err("neither a PNG nor a JPEG nor a WebP image".to_owned()),
    }
}

/// Reads a header, for which a file's beginning may be enough.
pub(crate) fn head(bytes: &[u8]) -> Decoded<Head> {
    let head = match format(bytes)? {
        Format::Png => png::head(bytes),
        Format::Jpeg => jpeg::head(bytes),
        Format::WebP => webp::head(bytes),
    }?;
    if head.height == 0 || head.width == 0 || head.height.saturating_mul(head.width) > MOST_PIXELS {
        return Err(format!(
            "{}×{} pixels, which no image may have; at most {} million are read",
            head.width,
            head.height,
            MOST_PIXELS >> 20
        ));
    }
    Ok(head)
}

/// Reads an image.
pub(crate) fn picture(bytes: &[u8]) -> Decoded<Picture<'static>> {
    let head = head(bytes)?;
    let pixels = match format(bytes)? {
        Format::Png => png::pixels(bytes),
        Format::Jpeg => jpeg::pixels(bytes, head.channels),
        Format::WebP => webp::pixels(bytes),
    }?;
    if pixels.len() != head.height * head.width * head.channels.count() {
        return Err("more or fewer pixels than its header announces".to_owned());
    }
    Ok(Picture {
        height: head.height,
        width: head.width,
        channels: head.channels,
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
