//! Pillow's resizing of 8-bit images, to the bit.
//!
//! Each pass is in whole numbers with weights of 22 fractional bits, its result rounded to 8. A pass that changes nothing is left out.
//!
//! This is Pillow before version 13, which published data sets were made with. Version 13 begins with the vertical pass for some sizes, and
//! then the last bits differ; it always did so for images more than a hundred times as high as wide.

use super::{Filter, taps::Taps};

/// Fractional bits of a weight: of 32, 8 are the pixel's and 2 are kept for sums beyond it.
const PRECISION: u32 = 32 - 8 - 2;

const HALF: i32 = 1 << (PRECISION - 1);

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
    if filter == Filter::Nearest {
        let [rows, columns] = [(height, wanted_height), (width, wanted_width)].map(nearest);
        let place = |&row: &usize| columns.iter().map(move |column| row * width + column);
        let places = rows.iter().flat_map(place);
        let pixel = |place: usize| &pixels[place * channels..][..channels];
        return places.flat_map(pixel).copied().collect();
    }
    let mut image = pixels.to_vec();
    if wanted_width != width {
        let taps = Taps::new(filter, width, wanted_width, fixed);
        image = match channels {
            1 => horizontal::<1>(&image, width, &taps),
            3 => horizontal::<3>(&image, width, &taps),
            _ => panic!("images have 1 or 3 channels, not {channels}"),
        };
    }
    if wanted_height != height {
        let taps = Taps::new(filter, height, wanted_height, fixed);
        image = vertical(&image, wanted_width * channels, &taps);
    }
    image
}

/// Where each of `wanted` pixels lies among `own`. Its middle is found by adding up, as Pillow does: now and then the last bit decides.
fn nearest((own, wanted): (usize, usize)) -> Vec<usize> {
    let scale = own as f64 / wanted as f64;
    let middles = std::iter::successors(Some(scale * 0.5), |middle| Some(middle + scale));
    let places = middles.take(wanted);
    places
        .map(|middle| (middle as usize).min(own - 1))
        .collect()
}

fn horizontal<const CHANNELS: usize>(image: &[u8], width: usize, taps: &Taps<i32>) -> Vec<u8> {
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
fn vertical(image: &[u8], row: usize, taps: &Taps<i32>) -> Vec<u8> {
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

/// Rounded away from zero at a half.
fn fixed(weight: f64) -> i32 {
    (weight * f64::from(1 << PRECISION) + 0.5_f64.copysign(weight)) as i32
}

fn level(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}
