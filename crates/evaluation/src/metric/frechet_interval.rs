//! How far a Fréchet distance may lie from its expectation over other images of the same kind: the jackknife over blocks. Efron & Stein 1981,
//! *The Jackknife Estimate of Variance*.
//!
//! The expectation is that for as many images, not for infinitely many: a distance of few images is too large ([`super::extrapolated_frechet`]), and
//! no interval says so. The images that are compared with stay the same.

use super::{frechet, interval::students_quantile};
use crate::{Error, Features, Gathering, Result, Statistics};

/// Blocks, each of which is left out once.
const BLOCKS: usize = 10;

/// Half of the interval that holds the expectation 95 times of 100. The order of the images must not mean anything.
pub fn frechet_margin(images: &Features, reference: &Statistics) -> Result<f64> {
    let count = images.images();
    if count < 2 * BLOCKS {
        return Err(Error::Features(format!(
            "an interval needs {} images; here are {count}",
            2 * BLOCKS
        )));
    }
    let bound = |block: usize| block * count / BLOCKS;
    let without = |left_out: usize| {
        let mut gathering = Gathering::new(images.width());
        gathering.add(images.rows(0..bound(left_out)))?;
        gathering.add(images.rows(bound(left_out + 1)..count))?;
        Ok(frechet(&gathering.finish()?, reference)?.distance())
    };
    let distances: Vec<f64> = (0..BLOCKS).map(without).collect::<Result<_>>()?;
    let blocks = BLOCKS as f64;
    let mean = distances.iter().sum::<f64>() / blocks;
    let squares = distances.iter().map(|distance| (distance - mean).powi(2));
    let variance = (blocks - 1.0) / blocks * squares.sum::<f64>();
    Ok(variance.sqrt() * students_quantile(BLOCKS - 1))
}
