//! What is added to tokens for where they are: learned for one grid of patches, and resized for others as the authors' code does.

use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Tensor};

use super::{config::Config, names::Layout};
use crate::{Result, Weights};

/// Added to a new grid's sides before their ratio to the learned grid's is taken: features that were published have it.
const OFFSET: f64 = 0.1;
/// Of Keys's cubic, as torch has it for images.
const A: f64 = -0.75;

/// The learned positions.
#[derive(Debug)]
pub(super) struct Positions {
    /// The class token with its position, `[1, 1, width]`.
    pub(super) class: Tensor,
    /// `[grid, grid, width]`
    learned: Vec<f32>,
    grid: usize,
    width: usize,
    /// Of the grid that was asked for last: all images of a set have one.
    last: Mutex<Option<([usize; 2], Tensor)>>,
}

impl Positions {
    /// Of weights that were checked.
    pub(super) fn read(weights: &Weights, layout: &Layout, config: &Config) -> Result<Self> {
        let width = config.width;
        let mut class = weights.get(layout.positions)?.numbers()?;
        let learned = class.split_off(width);
        for (number, token) in class.iter_mut().zip(weights.get(layout.class)?.numbers()?) {
            *number += token;
        }
        Ok(Self {
            class: Tensor::from_vec(class, (1, 1, width), &Device::Cpu)?,
            learned,
            grid: config.grid,
            width,
            last: Mutex::default(),
        })
    }

    /// Of the patches of a grid of so many rows and columns, `[1, patches, width]`.
    pub(super) fn of(&self, grid: [usize; 2]) -> Result<Tensor> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, positions)) = &*last
            && *of == grid
        {
            return Ok(positions.clone());
        }
        let shape = (1, grid[0] * grid[1], self.width);
        let positions = Tensor::from_vec(self.resized(grid), shape, &Device::Cpu)?;
        *last = Some((grid, positions.clone()));
        Ok(positions)
    }

    /// `[rows, columns, width]`
    fn resized(&self, [rows, columns]: [usize; 2]) -> Vec<f32> {
        if [rows, columns] == [self.grid, self.grid] {
            return self.learned.clone();
        }
        let across = taps(self.grid, columns);
        let mut resized = Vec::with_capacity(rows * columns * self.width);
        for vertical in taps(self.grid, rows) {
            let row = blended(&self.learned, self.grid * self.width, vertical);
            for &horizontal in &across {
                resized.extend(blended(&row, self.width, horizontal));
            }
        }
        resized
    }
}

/// The sum of four lines of this length, by their places and weights.
fn blended(lines: &[f32], length: usize, taps: [(usize, f64); 4]) -> Vec<f32> {
    let mut sum = vec![0.0; length];
    for (place, weight) in taps {
        for (sum, number) in sum.iter_mut().zip(&lines[place * length..][..length]) {
            *sum += weight as f32 * number;
        }
    }
    sum
}

/// For each of `wanted` places the four of `own` places around it, with their weights; beyond the border is the border.
fn taps(own: usize, wanted: usize) -> Vec<[(usize, f64); 4]> {
    let step = own as f64 / (wanted as f64 + OFFSET);
    let of = |index: usize| {
        let place = (index as f64 + 0.5) * step - 0.5;
        let (below, beyond) = (place.floor(), place - place.floor());
        let offsets = [-1.0, 0.0, 1.0, 2.0];
        offsets.map(|offset| {
            let tap = (below + offset).clamp(0.0, own as f64 - 1.0);
            (tap as usize, cubic((beyond - offset).abs()))
        })
    };
    (0..wanted).map(of).collect()
}

/// Keys 1981, Eq. 4, of a distance.
fn cubic(x: f64) -> f64 {
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    }
}
