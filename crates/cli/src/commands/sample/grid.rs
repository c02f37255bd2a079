//! One picture of many.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use foil_models::Pixels;

use super::{
    image::{read_pixels, write},
    record::Record,
};

/// Smaller images are enlarged by a whole factor to about this many pixels.
const SMALL: usize = 96;
/// More would make a picture that few programs open.
pub const LARGEST: usize = 1024;

/// Writes the images side by side, in rows of about as many as there are rows.
pub fn compose(images: &[PathBuf], out: &Path) -> Result<()> {
    let columns = (images.len() as f64).sqrt().ceil() as usize;
    let pixels = images.iter().map(|path| {
        let image = read_pixels(path)?;
        Ok(enlarged(&image, enlargement(image.width)))
    });
    let pixels = pixels.collect::<Result<Vec<_>>>()?;
    if pixels.is_empty() {
        return Ok(());
    }
    write::<Record>(out, &sheet(&pixels, columns)?, None)
}

/// Images of one size side by side, in rows of so many.
pub fn sheet(images: &[Pixels], columns: usize) -> Result<Pixels> {
    let Some(first) = images.first() else {
        bail!("a picture of no images");
    };
    let rows = images.len().div_ceil(columns);
    let mut sheet = page([rows * first.height, columns * first.width], [255; 3]);
    for (index, image) in images.iter().enumerate() {
        ensure!(
            [image.height, image.width] == [first.height, first.width],
            "image {index} has another size than those before it"
        );
        let place = [
            index % columns * image.width,
            index / columns * image.height,
        ];
        paste(&mut sheet, image, place);
    }
    Ok(sheet)
}

/// An empty page of a colour.
pub fn page([height, width]: [usize; 2], colour: [u8; 3]) -> Pixels {
    Pixels {
        height,
        width,
        channels: 3,
        bytes: colour.repeat(width * height),
        not_numbers: 0,
    }
}

/// Puts an image, grey or in colours, on a page, with its upper left corner at a place to the right and down.
pub fn paste(sheet: &mut Pixels, image: &Pixels, [left, top]: [usize; 2]) {
    let rows = image.bytes.chunks_exact(image.channels * image.width);
    for (row, pixels) in rows.enumerate() {
        let start = 3 * ((top + row) * sheet.width + left);
        let to = &mut sheet.bytes[start..start + 3 * image.width];
        for (to, pixel) in to
            .chunks_exact_mut(3)
            .zip(pixels.chunks_exact(image.channels))
        {
            match *pixel {
                [grey] => to.fill(grey),
                _ => to.copy_from_slice(pixel),
            }
        }
    }
}

/// How wide a pixel is drawn, so that small images can be seen.
pub fn enlargement(resolution: usize) -> usize {
    (SMALL / resolution.max(1)).max(1)
}

/// Every pixel as a square of so many.
pub fn enlarged(image: &Pixels, factor: usize) -> Pixels {
    let rows = image.bytes.chunks_exact(image.channels * image.width);
    let wide = rows.map(|row| {
        let pixels = row.chunks_exact(image.channels);
        pixels.flat_map(|pixel| pixel.repeat(factor)).collect()
    });
    Pixels {
        height: factor * image.height,
        width: factor * image.width,
        channels: image.channels,
        bytes: wide.flat_map(|row: Vec<u8>| row.repeat(factor)).collect(),
        not_numbers: image.not_numbers,
    }
}

#[cfg(test)]
mod tests {
    use foil_models::Pixels;

    use super::enlarged;

    #[test]
    fn enlarged_pixels_are_squares() {
        let image = |[height, width, channels]: [usize; 3], bytes: &[u8]| Pixels {
            height,
            width,
            channels,
            bytes: bytes.to_vec(),
            not_numbers: 0,
        };
        let small = image([2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let (above, below) = ([1, 2, 3, 1, 2, 3], [4, 5, 6, 4, 5, 6]);
        let large = [above, above, below, below].concat();
        assert_eq!(enlarged(&small, 2), image([4, 2, 3], &large));
        assert_eq!(enlarged(&small, 1), small);
        let grey = image([1, 2, 1], &[7, 9]);
        assert_eq!(
            enlarged(&grey, 2),
            image([2, 4, 1], &[7, 7, 9, 9, 7, 7, 9, 9])
        );
    }
}
