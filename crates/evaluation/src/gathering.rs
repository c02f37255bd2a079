//! Mean and covariance in one pass, of features that come in batches of any length.
//!
//! Rows are collected until a block is full. A block's sums of products are of its distances from its own mean, and blocks are merged
//! as in Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance": nothing is subtracted that is much larger than
//! the result, as it would be with the sums of squares themselves.

use rayon::prelude::*;

use crate::{Error, Result, Statistics, features::check_finite};

/// Images of a block.
const BLOCK: usize = 64;

/// The sums of what has been seen so far.
#[derive(Debug, Clone)]
pub struct Gathering {
    features: usize,
    /// Without those in the block.
    images: u64,
    mean: Vec<f64>,
    /// `[features, features]`, of distances from the mean; only what is right of the diagonal, and the diagonal.
    products: Vec<f64>,
    /// `[images, features]`, those that came last.
    block: Vec<f64>,
}

impl Gathering {
    /// Of no images yet, each described by so many numbers.
    pub fn new(features: usize) -> Self {
        Self {
            features,
            images: 0,
            mean: vec![0.0; features],
            products: vec![0.0; features * features],
            block: Vec::with_capacity(BLOCK * features),
        }
    }

    /// Adds the features `[images, features]` of more images.
    pub fn add(&mut self, features: &[f32]) -> Result<()> {
        let width = self.features;
        if !features.len().is_multiple_of(width) {
            let problem = format!("{} numbers in rows of {width}", features.len());
            return Err(Error::Features(problem));
        }
        let before = self.images as usize + self.block.len() / width;
        check_finite(features, |place| before + place / width)?;
        let mut rest = features;
        while !rest.is_empty() {
            let room = BLOCK * width - self.block.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.block.extend(now.iter().copied().map(f64::from));
            if now.len() == room {
                self.merge();
            }
            rest = later;
        }
        Ok(())
    }

    /// The statistics of all of them; they need two images.
    pub fn finish(mut self) -> Result<Statistics> {
        if !self.block.is_empty() {
            self.merge();
        }
        if self.images < 2 {
            let problem = format!("{} images have no covariance: 2 are needed", self.images);
            return Err(Error::Features(problem));
        }
        let width = self.features;
        let others = (self.images - 1) as f64;
        let product = |row: usize, column: usize| {
            let [first, second] = [row.min(column), row.max(column)];
            self.products[first * width + second] / others
        };
        let places = (0..width).flat_map(|row| (0..width).map(move |column| (row, column)));
        Ok(Statistics {
            images: Some(self.images),
            covariance: places.map(|(row, column)| product(row, column)).collect(),
            mean: self.mean,
        })
    }

    /// Adds the block to the sums, and empties it.
    fn merge(&mut self) {
        let width = self.features;
        let count = self.block.len() / width;
        let mut mean = vec![0.0; width];
        for row in self.block.chunks_exact(width) {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += value / count as f64;
            }
        }
        for row in self.block.chunks_exact_mut(width) {
            for (value, mean) in row.iter_mut().zip(&mean) {
                *value -= mean;
            }
        }
        let (before, now) = (self.images as f64, count as f64);
        let all = before + now;
        // The products of the means' distances count as those of one more row.
        let weight = (before * now / all).sqrt();
        for (old, new) in self.mean.iter_mut().zip(mean) {
            let distance = new - *old;
            *old += distance * (now / all);
            self.block.push(weight * distance);
        }
        let rows = self.products.par_chunks_exact_mut(width).enumerate();
        rows.for_each(|(first, sums)| {
            for row in self.block.chunks_exact(width) {
                for (sum, value) in sums[first..].iter_mut().zip(&row[first..]) {
                    *sum += row[first] * value;
                }
            }
        });
        self.images += count as u64;
        self.block.clear();
    }
}
