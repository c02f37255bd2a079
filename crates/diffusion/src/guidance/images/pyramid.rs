//! A Laplacian pyramid whose levels are weighted: what kornia's `build_laplacian_pyramid`, a factor for each level, and its way back do.
//! Burt & Adelson 1983.
//!
//! A level is half as wide and high as the one before: blurred by the binomial (1, 4, 6, 4, 1)/16 along both sides, mirrored at the
//! edges without repeating them, then resized by bilinear interpolation between pixel centres; and back in the reverse order. Odd
//! sides are rounded down and come back at their own size, where kornia pads images to a power of two; a side of 1 stays 1.

use candle_core::{DType, Tensor};

use crate::Result;

const BINOMIAL: [f64; 5] = [1.0 / 16.0, 0.25, 0.375, 0.25, 1.0 / 16.0];

/// One channel of one image.
#[derive(Clone)]
struct Plane {
    height: usize,
    width: usize,
    values: Vec<f64>,
}

/// Multiplies the levels of a pyramid of `images` `[batch, channels, height, width]`, finest first, and adds them up again.
pub(in crate::guidance) fn weighted_levels(images: &Tensor, factors: &[f64]) -> Result<Tensor> {
    let (_, _, height, width) = images.dims4()?;
    let values: Vec<f64> = images.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
    let planes = values.chunks((height * width).max(1)).map(|values| Plane {
        height,
        width,
        values: values.to_vec(),
    });
    let weighted: Vec<f64> = planes
        .flat_map(|plane| plane.weighted(factors).values)
        .collect();
    Ok(Tensor::from_vec(weighted, images.shape(), images.device())?.to_dtype(images.dtype())?)
}

impl Plane {
    /// factor·(this − coarser, enlarged) + the coarser levels, weighted and enlarged.
    fn weighted(&self, factors: &[f64]) -> Self {
        let (&factor, coarser_factors) = factors.split_first().expect("a pyramid has levels");
        // A single pixel is its own smaller image, and nothing is left of it above the coarsest level.
        if let ([], _) | (_, 1) = (coarser_factors, self.values.len()) {
            let &factor = factors.last().unwrap_or(&factor);
            return self.map(|value| factor * value);
        }
        let coarse = self.halved();
        let smooth = coarse.enlarged(self.height, self.width);
        let below = coarse
            .weighted(coarser_factors)
            .enlarged(self.height, self.width);
        let mut sum = self.clone();
        for ((value, smooth), below) in sum.values.iter_mut().zip(&smooth.values).zip(&below.values)
        {
            *value = factor * (*value - smooth) + below;
        }
        sum
    }

    fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        Self {
            values: self.values.iter().copied().map(change).collect(),
            ..*self
        }
    }

    fn halved(&self) -> Self {
        let half = |side: usize| (side / 2).max(1);
        self.blurred().resized(half(self.height), half(self.width))
    }

    fn enlarged(&self, height: usize, width: usize) -> Self {
        self.resized(height, width).blurred()
    }

    fn blurred(&self) -> Self {
        let blur = |at: usize, side: usize| {
            let taps = BINOMIAL.iter().enumerate();
            taps.map(move |(tap, &weight)| (mirrored(at as isize + tap as isize - 2, side), weight))
        };
        self.along_rows(self.width, |at| blur(at, self.width))
            .along_columns(self.height, |at| blur(at, self.height))
    }

    fn resized(&self, height: usize, width: usize) -> Self {
        self.along_rows(width, |at| neighbours(at, self.width, width))
            .along_columns(height, |at| neighbours(at, self.height, height))
    }

    /// Each value a sum of (place, weight) along its row.
    fn along_rows<T: Iterator<Item = (usize, f64)>>(
        &self,
        width: usize,
        taps: impl Fn(usize) -> T,
    ) -> Self {
        let rows = self.values.chunks(self.width);
        let sum = |row: &[f64], at| {
            taps(at)
                .map(|(place, weight)| weight * row[place])
                .sum::<f64>()
        };
        Self {
            height: self.height,
            width,
            values: rows
                .flat_map(|row| (0..width).map(move |at| (row, at)))
                .map(|(row, at)| sum(row, at))
                .collect(),
        }
    }

    fn along_columns<T: Iterator<Item = (usize, f64)>>(
        &self,
        height: usize,
        taps: impl Fn(usize) -> T,
    ) -> Self {
        let mut values = Vec::with_capacity(height * self.width);
        for at in 0..height {
            let start = values.len();
            values.resize(start + self.width, 0.0);
            for (place, weight) in taps(at) {
                let row = &self.values[place * self.width..(place + 1) * self.width];
                for (sum, value) in values[start..].iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
        }
        Self {
            height,
            width: self.width,
            values,
        }
    }
}

/// A place outside a side of `length` pixels, mirrored at the edge pixels as often as it takes.
fn mirrored(place: isize, length: usize) -> usize {
    let last = length as isize - 1;
    if last == 0 {
        return 0;
    }
    let place = place.rem_euclid(2 * last);
    place.min(2 * last - place) as usize
}

/// The two places that a resized pixel lies between, with their weights.
fn neighbours(at: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, f64)> {
    let place = ((at as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
    let first = place as usize;
    let share = place - first as f64;
    [(first, 1.0 - share), ((first + 1).min(from - 1), share)].into_iter()
}
