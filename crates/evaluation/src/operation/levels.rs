//! Operations on levels, pixel by pixel.

use foil_diffusion::random::{FoilStream, Stream};

use super::level;

/// A pixel's grey, as ITU-R BT.601 weighs colours.
const GREY: [f64; 3] = [0.299, 0.587, 0.114];

/// With normal noise, of which each place of the set has its own.
pub(super) fn noisy(image: &[u8], deviation: f64, place: usize) -> Vec<u8> {
    let mut noise = vec![0.0; image.len()];
    FoilStream::new(place as u64).fill_normal(&mut noise);
    let pairs = image.iter().zip(noise);
    pairs
        .map(|(&old, noise)| level(f64::from(old) + deviation * f64::from(noise)))
        .collect()
}

/// Stretched around the mean of all levels.
pub(super) fn contrast(image: &[u8], factor: f64) -> Vec<u8> {
    let mean = image.iter().copied().map(f64::from).sum::<f64>() / image.len() as f64;
    moved(image, |old| (factor - 1.0) * (old - mean))
}

/// Each level moved by a function of it.
pub(super) fn moved(image: &[u8], by: impl Fn(f64) -> f64) -> Vec<u8> {
    let old = image.iter().copied().map(f64::from);
    old.map(|old| level(old + by(old))).collect()
}

/// Red up and blue down.
pub(super) fn warmer(image: &[u8], [channels, height, width]: [usize; 3], levels: f64) -> Vec<u8> {
    let by = |channel: usize| match (channels, channel) {
        (3, 0) => levels,
        (3, 2) => -levels,
        _ => 0.0,
    };
    let planes = image.chunks_exact(height * width).enumerate();
    planes
        .flat_map(|(channel, plane)| moved(plane, |_| by(channel)))
        .collect()
}

/// Colours nearer to the pixel's grey.
pub(super) fn saturated(
    image: &[u8],
    [channels, height, width]: [usize; 3],
    factor: f64,
) -> Vec<u8> {
    if channels != 3 {
        return image.to_vec();
    }
    let plane = height * width;
    let grey = |pixel: usize| {
        let parts = GREY.iter().enumerate();
        parts
            .map(|(channel, weight)| weight * f64::from(image[channel * plane + pixel]))
            .sum::<f64>()
    };
    let greys: Vec<f64> = (0..plane).map(grey).collect();
    let levels = image.iter().zip(greys.iter().cycle());
    levels
        .map(|(&old, grey)| level(grey + factor * (f64::from(old) - grey)))
        .collect()
}
