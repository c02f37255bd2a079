//! One picture of many.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use foil_models::Pixels;

use super::record::{read_pixels, write};

/// More would make a picture that few programs open.
pub const LARGEST: usize = 1024;

/// Writes the images side by side, in rows of about as many as there are rows.
pub fn compose(images: &[PathBuf], out: &Path) -> Result<()> {
    let columns = (images.len() as f64).sqrt().ceil() as usize;
    let mut sheet: Option<Pixels> = None;
    for (index, path) in images.iter().enumerate() {
        let image = read_pixels(path)?;
        let rows = images.len().div_ceil(columns);
        let sheet = sheet.get_or_insert_with(|| Pixels {
            height: rows * image.height,
            width: columns * image.width,
            channels: 3,
            bytes: vec![255; 3 * columns * rows * image.width * image.height],
            not_numbers: 0,
        });
        ensure!(
            sheet.width == columns * image.width && sheet.height == rows * image.height,
            "{} has another size than the images before it",
            path.display()
        );
        let (left, top) = (
            index % columns * image.width,
            index / columns * image.height,
        );
        for (row, pixels) in image.bytes.chunks_exact(3 * image.width).enumerate() {
            let start = 3 * ((top + row) * sheet.width + left);
            sheet.bytes[start..start + pixels.len()].copy_from_slice(pixels);
        }
    }
    match sheet {
        Some(sheet) => write(out, &sheet, None),
        None => Ok(()),
    }
}
