//! Whether generated images lie where real ones do, and whether they cover them.
//!
//! The balls are those around images that reach to their k-th nearest neighbour of the same set. Kynkäänniemi et al. 2019, *Improved Precision
//! and Recall Metric for Assessing Generative Models*; Naeem et al. 2020, *Reliable Fidelity and Diversity Metrics for Generative Models*.

use crate::{
    Features, Result,
    neighbours::{Edge, Inside, inside, nearest},
};

/// Which neighbour a ball reaches to, and whether its edge belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifold {
    /// k
    pub neighbours: usize,
    /// Of points that are as far away as that neighbour.
    pub edge: Edge,
}

impl Manifold {
    /// Of the evaluator of ADM. Dhariwal & Nichol 2021.
    pub const ADM: Self = Self {
        neighbours: 3,
        edge: Edge::Inside,
    };
    /// Of the programs of Naeem et al. and of dgm-eval (Stein et al. 2023).
    pub const PRDC: Self = Self {
        neighbours: 5,
        edge: Edge::Outside,
    };
}

/// Shares, but for the density.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionRecall {
    /// Generated images in any ball of a real one.
    pub precision: f64,
    /// Real images in any ball of a generated one.
    pub recall: f64,
    /// Balls of real images that a generated one is in, over k: 1 where both sets are alike, and not limited to it.
    pub density: f64,
    /// Balls of real images with any generated one inside.
    pub coverage: f64,
}

/// How generated images lie among real ones.
pub fn precision_recall(
    real: &Features,
    generated: &Features,
    manifold: Manifold,
) -> Result<PrecisionRecall> {
    let Manifold { neighbours, edge } = manifold;
    let around_real = inside(generated, real, &radii(real, neighbours)?, edge)?;
    let around_generated = inside(real, generated, &radii(generated, neighbours)?, edge)?;
    let Inside {
        of_points,
        of_balls,
    } = around_real;
    let balls: u64 = of_points.iter().copied().map(u64::from).sum();
    Ok(PrecisionRecall {
        precision: hit(&of_points),
        recall: hit(&around_generated.of_points),
        density: balls as f64 / (neighbours * of_points.len()) as f64,
        coverage: hit(&of_balls),
    })
}

/// Squared.
fn radii(features: &Features, neighbours: usize) -> Result<Vec<f64>> {
    let nearest = nearest(features, None, neighbours)?;
    Ok(nearest
        .iter()
        .map(|found| found[neighbours - 1].distance)
        .collect())
}

/// The share that is not 0.
fn hit(counts: &[u32]) -> f64 {
    let hits = counts.iter().filter(|&&count| count > 0).count();
    hits as f64 / counts.len() as f64
}
