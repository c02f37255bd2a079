//! Means and deviations of the groups of a sample.
//!
//! The variance comes from squares about a mean, never from the difference of two large numbers: each piece of pixels has its
//! own means and its squares about them, and pieces are merged in f64 (Chan et al. 1983).

use std::ops::Range;

use super::GroupNorm;
use crate::element::Element;
use crate::instructions::Instructions;
use crate::passes::columns::{ColumnSums, column_sums, rows_in_sum};

/// Of one sample, for each channel those of its group: the mean and 1 / √(variance + ε).
pub(super) struct Statistics {
    pub(super) mean: Vec<f32>,
    pub(super) factor: Vec<f32>,
}

impl GroupNorm<'_> {
    pub(super) fn statistics<T: Element>(&self, instructions: Instructions, x: &[T]) -> Statistics {
        let channels = self.channels;
        let moments = column_sums(instructions, Moments { channels }, channels, [x, x]);
        let members = channels / self.groups;
        let count = (self.pixels * members) as f64;
        let rows = rows_in_sum(channels);
        let mut statistics = Statistics {
            mean: vec![0.0; channels],
            factor: vec![0.0; channels],
        };
        for start in (0..channels).step_by(members) {
            let group = Group {
                moments: &moments,
                channels,
                members: start..start + members,
            };
            let mean = group.sum(rows, self.pixels, |mean, _, rows| mean * rows) / count;
            let squares = group.sum(rows, self.pixels, |own, squares, rows| {
                squares + rows * (own - mean) * (own - mean)
            });
            let factor = 1.0 / (squares / count + f64::from(self.epsilon)).sqrt();
            statistics.mean[start..start + members].fill(mean as f32);
            statistics.factor[start..start + members].fill(factor as f32);
        }
        statistics
    }
}

/// The moments, `[pieces, 3, channels]`, of a group's channels.
struct Group<'a> {
    moments: &'a [f32],
    channels: usize,
    members: Range<usize>,
}

impl Group<'_> {
    /// Σ term(mean, squares about it, rows) over pieces and members.
    fn sum(&self, rows: usize, pixels: usize, term: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let mut sum = 0.0;
        for (index, moments) in self.moments.chunks_exact(3 * self.channels).enumerate() {
            let rows = rows.min(pixels - index * rows) as f64;
            for channel in self.members.clone() {
                let at = |moment: usize| f64::from(moments[moment * self.channels + channel]);
                let offset = at(1) / rows;
                sum += term(at(0) + offset, at(2) - at(1) * offset, rows);
            }
        }
        sum
    }
}

/// Of each column of one piece: about its mean, and the sums of the distances from that and of their squares. The first sum
/// would be 0 for the mean itself; it tells what the rounding of a long sum took from it.
#[derive(Clone, Copy)]
struct Moments {
    channels: usize,
}

impl ColumnSums for Moments {
    const COUNT: usize = 3;

    #[inline(always)]
    fn run<T: Element>(self, x: &[T], _: &[T], sums: &mut [f32]) {
        let (mean, sums) = sums.split_at_mut(self.channels);
        let (distances, squares) = sums.split_at_mut(self.channels);
        for x in x.chunks_exact(self.channels) {
            add(x, mean);
        }
        let share = 1.0 / (x.len() / self.channels) as f32;
        for mean in mean.iter_mut() {
            *mean *= share;
        }
        for x in x.chunks_exact(self.channels) {
            add_about(mean, x, distances, squares);
        }
    }
}

#[inline(always)]
fn add<T: Element>(x: &[T], sums: &mut [f32]) {
    for (x, sum) in x.iter().zip(sums) {
        *sum += x.to_f32();
    }
}

#[inline(always)]
fn add_about<T: Element>(mean: &[f32], x: &[T], distances: &mut [f32], squares: &mut [f32]) {
    let sums = distances.iter_mut().zip(squares);
    for ((x, mean), (distance_sum, square_sum)) in x.iter().zip(mean).zip(sums) {
        let distance = x.to_f32() - mean;
        *distance_sum += distance;
        *square_sum += distance * distance;
    }
}
