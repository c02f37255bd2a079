//! One picture of many.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use foil_models::Pixels;

use super::record::{read_pixels, write};

/// More would make a picture that few programs open.
pub const LARGEST: usize = 1024;

/// Writes the images side by side, in rows of about as many as there are rows.
pub fn compose(images: &[PathBuf], out: &Path) -> Result<()> {
    let columns = (images.len() as f64).sqrt().ceil() as usize;
    let pixels = images.iter().map(|path| read_pixels(path));
    let pixels = pixels.collect::<Result<Vec<_>>>()?;
    if pixels.is_empty() {
        return Ok(());
    }
    write(out, &sheet(&pixels, columns)?, None)
}

/// Images of one size side by side, in rows of so many; white where there is none.
pub fn sheet(images: &[Pixels], columns: usize) -> Result<Pixels> {
    let Some(first) = images.first() else {
        bail!("a picture of no images");
    };
    let (width, height, channels) = (first.width, first.height, first.channels);
    let rows = images.len().div_ceil(columns);
    let mut sheet = Pixels {
        height: rows * height,
        width: columns * width,
        channels,
        bytes: vec![255; channels * columns * rows * width * height],
        not_numbers: 0,
    };
    for (index, image) in images.iter().enumerate() {
        ensure!(
            (image.width, image.height, image.channels) == (width, height, channels),
            "image {index} has another size than those before it"
        );
        let (left, top) = (index % columns * width, index / columns * height);
        for (row, pixels) in image.bytes.chunks_exact(channels * width).enumerate() {
            let start = channels * ((top + row) * sheet.width + left);
            sheet.bytes[start..start + pixels.len()].copy_from_slice(pixels);
        }
    }
    Ok(sheet)
}
