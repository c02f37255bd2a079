//! The Fréchet distance of infinitely many images. Chong & Forsyth 2020, *Effectively Unbiased FID and Inception Score and where to find them*.
//!
//! The distance of few images is too large by a number that falls as one over their count: a line through the distances of parts of several sizes
//! over 1/size meets 0 at the distance without that bias.

use super::frechet;
use crate::{Error, Features, Gathering, Result, Statistics};

/// Parts, as published.
const SIZES: usize = 15;

/// The distance at infinity, and what it was concluded from.
#[derive(Debug, Clone, PartialEq)]
pub struct Extrapolated {
    /// Where the line meets 1/size = 0.
    pub distance: f64,
    /// How fast the distance falls with 1/size.
    pub slope: f64,
    /// Sizes and their distances.
    pub points: Vec<(usize, f64)>,
}

/// From parts of `fewest` images to all, evenly spaced: the first ones of the set, whose order must not mean anything (see
/// [`Features::shuffled`]).
pub fn extrapolated_frechet(
    images: &Features,
    reference: &Statistics,
    fewest: usize,
) -> Result<Extrapolated> {
    let all = images.images();
    if fewest < 2 || fewest + SIZES > all {
        return Err(Error::Features(format!(
            "{SIZES} parts of {fewest} to {all} images: there must be 2 images or more in the first, and another number in each"
        )));
    }
    let size = |part: usize| fewest + (all - fewest) * part / (SIZES - 1);
    let mut gathering = Gathering::new(images.width());
    let mut points: Vec<(usize, f64)> = Vec::with_capacity(SIZES);
    for part in 0..SIZES {
        let before = points.last().map_or(0, |(size, _)| *size);
        gathering.add(images.rows(before..size(part)))?;
        let statistics = gathering.clone().finish()?;
        points.push((size(part), frechet(&statistics, reference)?.distance()));
    }
    let [distance, slope] = line(&points);
    Ok(Extrapolated {
        distance,
        slope,
        points,
    })
}

/// Least squares of distances over 1/size: where it meets 0, and how steep it is.
fn line(points: &[(usize, f64)]) -> [f64; 2] {
    let count = points.len() as f64;
    let inverse = |size: usize| 1.0 / size as f64;
    let across = points.iter().map(|(size, _)| inverse(*size)).sum::<f64>() / count;
    let up = points.iter().map(|(_, distance)| distance).sum::<f64>() / count;
    let (mut products, mut squares) = (0.0, 0.0);
    for (size, distance) in points {
        products += (inverse(*size) - across) * (distance - up);
        squares += (inverse(*size) - across).powi(2);
    }
    let slope = products / squares;
    [up - slope * across, slope]
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_is_found() {
        let points = [10, 20, 50].map(|size| (size, 3.0 + 7.0 / size as f64));
        let [distance, slope] = super::line(&points);
        assert!((distance - 3.0).abs() < 1e-13 && (slope - 7.0).abs() < 1e-12);
    }
}
