//! Squared distances of all pairs, roughly, in blocks.

use std::ops::Range;

use foil_kernels::{
    Instructions,
    product::{Epilogue, PackedLinear},
};
use rayon::prelude::*;

use crate::Features;

/// Images on the packed side of a product, and rows that are multiplied by them at a time: 4 MB of distances.
const COLUMNS: usize = 2048;
const ROWS: usize = 512;

/// Two sets of images, moved to where their numbers are small.
pub(super) struct Pairs {
    /// `None` where they are the others.
    points: Option<Moved>,
    others: Moved,
}

/// Rows and their squared lengths.
struct Moved {
    features: Features,
    squares: Vec<f64>,
}

/// The distances between some points and some others.
pub(super) struct Block<'a> {
    pub(super) points: Range<usize>,
    pub(super) others: Range<usize>,
    products: &'a [f32],
    pairs: &'a Pairs,
}

/// A squared distance that is somewhere between two numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rough {
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Pairs {
    /// Both are moved by the mean of the others: distances stay, and what is subtracted from each other becomes small.
    pub(super) fn new(points: &Features, others: &Features) -> Self {
        let mut centre = vec![0.0_f64; others.width()];
        for row in others.numbers().chunks_exact(others.width()) {
            for (sum, &number) in centre.iter_mut().zip(row) {
                *sum += f64::from(number);
            }
        }
        let images = others.images() as f64;
        let centre: Vec<f32> = centre.iter().map(|sum| (sum / images) as f32).collect();
        let differ = !std::ptr::eq(points, others);
        Self {
            points: differ.then(|| Moved::new(points, &centre)),
            others: Moved::new(others, &centre),
        }
    }

    fn points(&self) -> &Moved {
        self.points.as_ref().unwrap_or(&self.others)
    }

    /// Shows all pairs, those of a point in the order of the others.
    pub(super) fn each(&self, mut show: impl FnMut(Block<'_>)) {
        let instructions = Instructions::best();
        let (all_points, all_others) = (&self.points().features, &self.others.features);
        let mut products = vec![0.0; ROWS * COLUMNS];
        for first in (0..all_others.images()).step_by(COLUMNS) {
            let others = first..all_others.images().min(first + COLUMNS);
            let rows = all_others.rows(others.clone());
            let size = [others.len(), all_others.width()];
            let packed = PackedLinear::new(instructions, size, rows);
            for first in (0..all_points.images()).step_by(ROWS) {
                let points = first..all_points.images().min(first + ROWS);
                let rows = all_points.rows(points.clone());
                let products = &mut products[..points.len() * others.len()];
                packed.forward(1, rows, &Epilogue::default(), products);
                show(Block {
                    points,
                    others: others.clone(),
                    products,
                    pairs: self,
                });
            }
        }
    }
}

impl Moved {
    fn new(features: &Features, centre: &[f32]) -> Self {
        let features = features.moved(centre);
        let rows = features.numbers().par_chunks_exact(features.width());
        let squares = rows.map(|row| row.iter().map(|&number| f64::from(number).powi(2)).sum());
        Self {
            squares: squares.collect(),
            features,
        }
    }
}

impl Block<'_> {
    /// The others of this block, each with its distance from a point of it.
    pub(super) fn distances(&self, point: usize) -> impl Iterator<Item = (usize, Rough)> {
        let others = self.others.clone();
        let products = &self.products[(point - self.points.start) * others.len()..];
        let square = self.pairs.points().squares[point];
        let squares = &self.pairs.others.squares[others.clone()];
        let share = wrong_by(self.pairs.others.features.width());
        let known = others.zip(squares).zip(products);
        known.map(move |((other, &own), &product)| {
            let both = square + own;
            let distance = both - 2.0 * f64::from(product);
            let wrong = share * both;
            let rough = Rough {
                least: distance - wrong,
                most: distance + wrong,
            };
            (other, rough)
        })
    }
}

/// How wrong a distance can be, as a share of |x|² + |y|². A sum of n products in single precision, in any order, is wrong by at most
/// n·ε/(1 − n·ε) times Σ|xᵢ·yᵢ| ≤ (|x|² + |y|²)/2, and counts twice; moving the points changes each number by at most ε times itself. Higham
/// 2002, *Accuracy and Stability of Numerical Algorithms*, section 3.1. ε is 2⁻²⁴.
fn wrong_by(width: usize) -> f64 {
    let epsilon = f64::from(f32::EPSILON) / 2.0;
    let products = width as f64 * epsilon;
    products / (1.0 - products) + 8.0 * epsilon
}
