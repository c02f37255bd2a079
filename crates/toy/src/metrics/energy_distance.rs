//! The energy distance 2·E|X−Y| − E|X−X'| − E|Y−Y'|: zero only for equal distributions. Székely & Rizzo 2013.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::{Point, arithmetic::padded};

/// Points of X a thread takes at a time.
const ROWS: usize = 64;
/// Vectors of distances added in single precision before the sum goes to double.
const SPAN: usize = 64;

/// From two samples, without the pairs of a point with itself, so that it is unbiased (and may fall below zero).
///
/// `within` is [`mean_distance`] of `right` with itself, which callers with one reference compute once.
pub fn energy_distance(left: &[Point], right: &[Point], within: f64) -> f64 {
    2.0 * mean_distance(left, right) - mean_distance_within(left) - within
}

/// E|X−Y| over all pairs; of a sample with itself (the same slice) over all pairs of different points.
pub fn mean_distance(left: &[Point], right: &[Point]) -> f64 {
    if std::ptr::eq(left, right) {
        return mean_distance_within(left);
    }
    sum_of_distances(left, right) / (left.len() as f64 * right.len() as f64)
}

fn mean_distance_within(points: &[Point]) -> f64 {
    let count = points.len() as f64;
    let columns = Columns::new(points);
    // Each chunk with itself and, twice, with all that comes after it.
    let chunks = points.par_chunks(ROWS).enumerate().map(|(index, rows)| {
        let (start, end) = (index * ROWS, index * ROWS + rows.len());
        columns.sum(rows, start, end) + 2.0 * columns.sum(rows, end, points.len())
    });
    in_order(chunks) / (count * (count - 1.0))
}

fn sum_of_distances(left: &[Point], right: &[Point]) -> f64 {
    let columns = Columns::new(right);
    in_order(
        left.par_chunks(ROWS)
            .map(|rows| columns.sum(rows, 0, right.len())),
    )
}

/// Summed in order, so that the result does not depend on the number of threads.
fn in_order(parts: impl IndexedParallelIterator<Item = f64>) -> f64 {
    parts.collect::<Vec<f64>>().into_iter().sum()
}

/// Coordinates apart, filled up with copies of the last point, whose distances are subtracted again.
struct Columns {
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Columns {
    fn new(points: &[Point]) -> Self {
        let coordinate = |axis: usize| {
            let mut values: Vec<f32> = points.iter().map(|point| point[axis]).collect();
            values.resize(
                padded(points.len()),
                points.last().map_or(0.0, |point| point[axis]),
            );
            values
        };
        Self {
            x: coordinate(0),
            y: coordinate(1),
        }
    }

    /// Sum of distances from all of `rows` to the points from `start`, a multiple of the padding, to `end`.
    fn sum(&self, rows: &[Point], start: usize, end: usize) -> f64 {
        if start >= end {
            return 0.0;
        }
        let padded_end = padded(end);
        let (x, y) = (&self.x[start..padded_end], &self.y[start..padded_end]);
        let padded_sum = Arch::new().dispatch(Distances { rows, x, y });
        let beyond = |index: usize| -> f64 {
            let (x, y) = (self.x[index], self.y[index]);
            rows.iter()
                .map(|row| f64::from((row[0] - x).hypot(row[1] - y)))
                .sum()
        };
        padded_sum - (end..padded_end).map(beyond).sum::<f64>()
    }
}

struct Distances<'a> {
    rows: &'a [Point],
    x: &'a [f32],
    y: &'a [f32],
}

impl WithSimd for Distances<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (x, y) = (S::as_simd_f32s(self.x).0, S::as_simd_f32s(self.y).0);
        let mut total = 0.0;
        for row in self.rows {
            let (row_x, row_y) = (simd.splat_f32s(row[0]), simd.splat_f32s(row[1]));
            for (x, y) in x.chunks(SPAN).zip(y.chunks(SPAN)) {
                let mut sum = simd.splat_f32s(0.0);
                for (x, y) in x.iter().zip(y) {
                    let (dx, dy) = (simd.sub_f32s(row_x, *x), simd.sub_f32s(row_y, *y));
                    let square = simd.mul_add_e_f32s(dx, dx, simd.mul_f32s(dy, dy));
                    sum = simd.add_f32s(sum, simd.sqrt_f32s(square));
                }
                total += f64::from(simd.reduce_sum_f32s(sum));
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::{energy_distance, mean_distance};
    use crate::Point;

    fn points(count: usize, shift: f32) -> Vec<Point> {
        (0..count)
            .map(|index| {
                [
                    (index as f32 * 0.7).sin() + shift,
                    (index as f32 * 1.3).cos(),
                ]
            })
            .collect()
    }

    #[test]
    fn agrees_with_the_definition_for_odd_counts() {
        for (left, right) in [(1, 2), (17, 33), (130, 1), (65, 1100)] {
            let (left, right) = (points(left, 0.0), points(right, 0.3));
            let mut sum = 0.0;
            for a in &left {
                for b in &right {
                    sum += f64::from(a[0] - b[0]).hypot(f64::from(a[1] - b[1]));
                }
            }
            let expected = sum / (left.len() * right.len()) as f64;
            assert!((mean_distance(&left, &right) / expected - 1.0).abs() < 1e-6);
        }
        for count in [2, 63, 64, 65, 333] {
            let points = points(count, 0.0);
            let mut sum = 0.0;
            for (index, a) in points.iter().enumerate() {
                for b in &points[index + 1..] {
                    sum += f64::from(a[0] - b[0]).hypot(f64::from(a[1] - b[1]));
                }
            }
            let expected = 2.0 * sum / (count * (count - 1)) as f64;
            let found = mean_distance(&points, &points);
            assert!(
                (found / expected - 1.0).abs() < 1e-6,
                "{count} points: {found} and {expected}"
            );
        }
    }

    #[test]
    fn is_that_of_two_normal_distributions_one_apart_in_one_dimension() {
        // For N(0, 1) and N(1, 1): 2(√(4/π)·e^{−1/4} + erf(½)) − 2·2/√π, with E|Z| of N(m, 2).
        let mut stream = foil_diffusion::random::RandomState::new(4);
        let mut draw = |mean: f64| -> Vec<Point> {
            (0..20_000)
                .map(|_| [(stream.normal() + mean) as f32, 0.0])
                .collect()
        };
        let (left, right) = (draw(0.0), draw(1.0));
        let root_pi = std::f64::consts::PI.sqrt();
        let expected = 2.0 * (2.0 / root_pi * (-0.25_f64).exp() + 0.520_499_878) - 4.0 / root_pi;
        let found = energy_distance(&left, &right, mean_distance(&right, &right));
        assert!((found - expected).abs() < 0.02, "{found} and {expected}");
    }
}
