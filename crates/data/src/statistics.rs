//! Mean and standard deviation of a data set: of pixels in [−1, 1], and of latents as they are drawn from their moments.
//!
//! Latents whiten with theirs, and pixels tell by them whether something is wrong. Sums do not depend on the number of threads.

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::{Dataset, Error, Flip, Kind, Result, Skipped};

/// Images are read in parallel, so many at a time.
const CHUNK: usize = 256;

/// What the images of a data set are like.
#[derive(Debug)]
pub struct Statistics {
    /// Of all numbers.
    pub all: Spread,
    /// Of each channel.
    pub channels: Vec<Spread>,
    /// Images that turned out to be damaged when they were read; the others count.
    pub damaged: Vec<Skipped>,
}

/// A mean and a standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// Sums of numbers and of their squares.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    values: f64,
    squares: f64,
}

/// Reads all images. The observer is told how many have been read, and can stop.
pub fn statistics(
    dataset: &Dataset,
    observer: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Statistics> {
    let mut channels = vec![Sums::default(); dataset.shape()[0]];
    let mut damaged = Vec::new();
    for start in (0..dataset.len()).step_by(CHUNK) {
        let end = (start + CHUNK).min(dataset.len());
        let images: Vec<_> = (start..end)
            .into_par_iter()
            .map(|index| sums(dataset, index))
            .collect();
        for (index, image) in (start..end).zip(images) {
            match image {
                Ok(image) => {
                    for (channel, sums) in channels.iter_mut().zip(image) {
                        channel.add(sums);
                    }
                }
                Err(Error::Foreign { problem, .. }) => damaged.push(Skipped {
                    path: dataset.name(index).unwrap_or_default().into(),
                    reason: problem,
                }),
                Err(error) => return Err(error),
            }
        }
        if observer(end).is_break() {
            return Err(Error::Interrupted);
        }
    }
    let mut all = Sums::default();
    for &channel in &channels {
        all.add(channel);
    }
    Ok(Statistics {
        all: all.spread(),
        channels: channels.into_iter().map(Sums::spread).collect(),
        damaged,
    })
}

/// Of each channel of an image.
fn sums(dataset: &Dataset, index: usize) -> Result<Vec<Sums>> {
    let [channels, height, width] = dataset.shape();
    let plane = height * width;
    match dataset.kind() {
        Kind::Pixels => {
            let mut pixels = vec![0; channels * plane];
            dataset.pixels(index, Flip::None, &mut pixels)?;
            Ok(pixels.chunks_exact(plane).map(Sums::of_pixels).collect())
        }
        Kind::Moments => {
            let mut moments = vec![0.0; 2 * channels * plane];
            dataset.moments(index, Flip::None, &mut moments)?;
            let (means, deviations) = moments.split_at(channels * plane);
            let pairs = means
                .chunks_exact(plane)
                .zip(deviations.chunks_exact(plane));
            Ok(pairs
                .map(|(means, deviations)| Sums::of_moments(means, deviations))
                .collect())
        }
    }
}

impl Sums {
    fn of_pixels(pixels: &[u8]) -> Self {
        // Whole numbers until the end; 2⁶⁴ is more than the squares of any image.
        let values: u64 = pixels.iter().map(|&level| u64::from(level)).sum();
        let squares: u64 = pixels.iter().map(|&level| u64::from(level).pow(2)).sum();
        let (count, values, squares) = (pixels.len() as f64, values as f64, squares as f64);
        Self {
            count,
            values: values / 127.5 - count,
            squares: squares / 127.5_f64.powi(2) - 2.0 * values / 127.5 + count,
        }
    }

    /// The mean of x² of a normal x is mean² + deviation².
    fn of_moments(means: &[f32], deviations: &[f32]) -> Self {
        let squared = |values: &[f32]| {
            values
                .iter()
                .map(|&value| f64::from(value).powi(2))
                .sum::<f64>()
        };
        Self {
            count: means.len() as f64,
            values: means.iter().map(|&mean| f64::from(mean)).sum(),
            squares: squared(means) + squared(deviations),
        }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.values += other.values;
        self.squares += other.squares;
    }

    fn spread(self) -> Spread {
        let mean = self.values / self.count;
        // Rounding makes a constant's variance a little less than 0.
        let variance = (self.squares / self.count - mean.powi(2)).max(0.0);
        Spread {
            mean,
            deviation: variance.sqrt(),
        }
    }
}
