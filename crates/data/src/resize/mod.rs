//! Pillow's resizing of 8-bit images, to the bit: published data sets were made with it, and statistics of images differ with the
//! filter.
//!
//! Horizontal before vertical, each pass in whole numbers with weights of 22 fractional bits, its result rounded to 8. A filter is
//! stretched by the factor of reduction, so that every source pixel counts ("antialiasing"). A pass that changes nothing is left out.
//!
//! This is Pillow before version 13, which published data sets were made with. Version 13 begins with the vertical pass for some sizes, and
//! then the last bits differ; it always did so for images more than a hundred times as high as wide.

mod adm;
mod taps;

pub use adm::adm_crop;

use taps::{PRECISION, Taps};

/// By what weights pixels become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// The mean of the source pixels below.
    Box,
    /// Keys's cubic with a = −1/2.
    Bicubic,
}

/// Resizes an image `[height, width, channels]` of 1 or 3 channels to another height and width; none of them is 0.
///
/// # Panics
///
/// If the image has not as many bytes as its size says, or another number of channels.
pub fn resize(
    pixels: &[u8],
    [height, width, channels]: [usize; 3],
    [wanted_height, wanted_width]: [usize; 2],
    filter: Filter,
) -> Vec<u8> {
    assert_eq!(pixels.len(), height * width * channels, "bytes of an image");
    let mut image = pixels.to_vec();
    if wanted_width != width {
        let taps = Taps::new(filter, width, wanted_width);
        image = match channels {
            1 => horizontal::<1>(&image, width, &taps),
            3 => horizontal::<3>(&image, width, &taps),
            _ => panic!("images have 1 or 3 channels, not {channels}"),
        };
    }
    if wanted_height != height {
        let taps = Taps::new(filter, height, wanted_height);
        image = vertical(&image, wanted_width * channels, &taps);
    }
    image
}

fn horizontal<const CHANNELS: usize>(image: &[u8], width: usize, taps: &Taps) -> Vec<u8> {
    let rows = image.len() / (width * CHANNELS);
    let mut resized = Vec::with_capacity(rows * taps.count() * CHANNELS);
    for row in image.chunks_exact(width * CHANNELS) {
        for (start, weights) in taps.iter() {
            let mut sums = [HALF; CHANNELS];
            let pixels = row[start * CHANNELS..].chunks_exact(CHANNELS);
            for (pixel, weight) in pixels.zip(weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += i32::from(value) * weight;
                }
            }
            resized.extend(sums.map(level));
        }
    }
    resized
}

/// On rows of so many bytes, whatever they are.
fn vertical(image: &[u8], row: usize, taps: &Taps) -> Vec<u8> {
    let mut resized = Vec::with_capacity(taps.count() * row);
    let mut sums = vec![HALF; row];
    for (start, weights) in taps.iter() {
        sums.fill(HALF);
        let rows = image[start * row..].chunks_exact(row);
        for (values, &weight) in rows.zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += i32::from(value) * weight;
            }
        }
        resized.extend(sums.iter().map(|&sum| level(sum)));
    }
    resized
}

const HALF: i32 = 1 << (PRECISION - 1);

fn level(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}
