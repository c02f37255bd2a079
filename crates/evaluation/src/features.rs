//! Descriptions of images by numbers, all of them in memory: what metrics that look at pairs of images need.

use std::ops::Range;

use foil_diffusion::random::RandomState;
use rayon::prelude::*;

use crate::{Error, Result};

/// Rows `[images, width]` of finite numbers, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    width: usize,
    numbers: Vec<f32>,
}

impl Features {
    /// Rows one after another.
    pub fn new(width: usize, numbers: Vec<f32>) -> Result<Self> {
        if numbers.is_empty() || width == 0 || !numbers.len().is_multiple_of(width) {
            return Err(Error::Features(format!(
                "{} numbers are no rows of {width}",
                numbers.len()
            )));
        }
        check_finite(&numbers, |place| place / width)?;
        Ok(Self { width, numbers })
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn images(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// All numbers, `[images, width]`.
    pub fn numbers(&self) -> &[f32] {
        &self.numbers
    }

    /// One row.
    pub fn row(&self, image: usize) -> &[f32] {
        &self.numbers[image * self.width..][..self.width]
    }

    /// Rows one after another.
    pub fn rows(&self, images: Range<usize>) -> &[f32] {
        &self.numbers[images.start * self.width..images.end * self.width]
    }

    /// The same images in an order that depends on the seed alone. Data sets are often sorted by class, so that a part of one is not like the
    /// whole.
    #[must_use]
    pub fn shuffled(&self, seed: u32) -> Self {
        let mut order: Vec<usize> = (0..self.images()).collect();
        RandomState::new(seed).shuffle(&mut order);
        let numbers = order.iter().flat_map(|&image| self.row(image)).copied();
        Self {
            width: self.width,
            numbers: numbers.collect(),
        }
    }

    /// With this subtracted from each row.
    pub(crate) fn moved(&self, by: &[f32]) -> Self {
        let mut moved = self.clone();
        let rows = moved.numbers.par_chunks_exact_mut(self.width);
        rows.for_each(|row| {
            for (number, by) in row.iter_mut().zip(by) {
                *number -= by;
            }
        });
        moved
    }

    /// That both are of the same kind.
    pub(crate) fn beside(&self, other: &Self) -> Result<()> {
        if self.width == other.width {
            return Ok(());
        }
        Err(Error::Features(format!(
            "features of {} and of {} numbers cannot be compared",
            self.width, other.width
        )))
    }

    /// |x − y|² in f64.
    pub(crate) fn distance(&self, image: usize, other: &Self, there: usize) -> f64 {
        let pairs = self.row(image).iter().zip(other.row(there));
        pairs
            .map(|(&one, &other)| (f64::from(one) - f64::from(other)).powi(2))
            .sum()
    }
}

/// That all numbers can be computed with; `image` says which image the one in a place is of.
pub(crate) fn check_finite(numbers: &[f32], image: impl Fn(usize) -> usize) -> Result<()> {
    let Some(place) = numbers.iter().position(|number| !number.is_finite()) else {
        return Ok(());
    };
    let image = image(place);
    let problem = format!("the features of image {image} are not finite");
    Err(Error::Features(problem))
}
