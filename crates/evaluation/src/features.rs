//! Descriptions of images by numbers, all of them in memory: what metrics that look at pairs of images need.

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
        if let Some(place) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(Error::Features(format!(
                "the features of image {} are not finite",
                place / width
            )));
        }
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
