//! One judge with one set of true samples judges all methods, so that their numbers compare.

use foil_diffusion::{Result, Sigma};

use super::{energy_distance, mean_distance};
use crate::{
    Point,
    distribution::{
        BRANCHES, COARSE_SUBTREES, Class, Distribution, NoisyDistribution, coarse_subtree,
    },
};

/// Noise at which densities are compared: it smooths the thinnest branches a little, and nothing else.
const SIGMA: f64 = 0.01;
/// A sample is an outlier below this quantile of the log density of true samples.
const OUTLIER_QUANTILE: f64 = 0.001;
/// A branch is covered if it receives at least this share of what true samples give it.
const COVERED: f64 = 0.5;

/// What is measured of a set of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Mean of log p_A at σ = 0.01.
    pub log_density_mean: f64,
    /// Share of samples below the 0.1 % quantile of log p_A of true samples.
    pub outlier_rate: f64,
    /// Share of the 127 branches that receive at least half of what true samples give them.
    pub coverage: f64,
    /// The same of the 16 subtrees at depth 4.
    pub coverage_coarse: f64,
    /// Share of samples with p_A > p_B.
    pub class_purity: f64,
    /// Energy distance to fresh true samples.
    pub energy_distance: f64,
}

/// Class A, class B and true samples of A.
#[derive(Debug)]
pub struct Judge {
    class: Distribution,
    other: Distribution,
    outlier_below: f32,
    branch_shares: Vec<f64>,
    subtree_shares: Vec<f64>,
    fresh: Vec<Point>,
    within_fresh: f64,
}

/// Separate the judge's true samples from each other and from those of sampling.
const REFERENCE_SEED: u64 = 0x7265_6665_7265_6e63;
const FRESH_SEED: u64 = 0x6672_6573_6800_0000;
const FLOOR_SEED: u64 = 0x666c_6f6f_7200_0000;

impl Judge {
    /// Draws `count` true samples to compare with, and as many again for the energy distance.
    pub fn new(count: usize, seed: u64) -> Result<Self> {
        let (class, other) = (Distribution::new(Class::A), Distribution::new(Class::B));
        let reference = class.at(Sigma::ZERO).samples(count, seed ^ REFERENCE_SEED);
        let fresh = class.at(Sigma::ZERO).samples(count, seed ^ FRESH_SEED);
        let level = class.at(Sigma::new(SIGMA)?);
        let mut log_densities = level.log_densities(&reference);
        log_densities.sort_unstable_by(f32::total_cmp);
        let outlier_below = log_densities[(count as f64 * OUTLIER_QUANTILE) as usize];
        let (branch_shares, subtree_shares) = shares(&level, &reference);
        let within_fresh = mean_distance(&fresh, &fresh);
        Ok(Self {
            class,
            other,
            outlier_below,
            branch_shares,
            subtree_shares,
            fresh,
            within_fresh,
        })
    }

    /// True samples that the judge has not seen: what a perfect method would give.
    pub fn true_samples(&self, count: usize, seed: u64) -> Vec<Point> {
        self.class.at(Sigma::ZERO).samples(count, seed ^ FLOOR_SEED)
    }

    /// Measures samples.
    pub fn measure(&self, samples: &[Point]) -> Result<Measures> {
        let sigma = Sigma::new(SIGMA)?;
        let (level, other) = (self.class.at(sigma), self.other.at(sigma));
        let (own, foreign) = (level.log_densities(samples), other.log_densities(samples));
        let share = |count: usize| count as f64 / samples.len() as f64;
        let (branches, subtrees) = shares(&level, samples);
        Ok(Measures {
            log_density_mean: own.iter().map(|value| f64::from(*value)).sum::<f64>()
                / samples.len() as f64,
            outlier_rate: share(
                own.iter()
                    .filter(|value| **value < self.outlier_below)
                    .count(),
            ),
            coverage: covered(&branches, &self.branch_shares),
            coverage_coarse: covered(&subtrees, &self.subtree_shares),
            class_purity: share(
                own.iter()
                    .zip(&foreign)
                    .filter(|(own, foreign)| own > foreign)
                    .count(),
            ),
            energy_distance: energy_distance(samples, &self.fresh, self.within_fresh),
        })
    }

    /// The outlier rate alone, which is quick.
    pub fn outlier_rate(&self, samples: &[Point]) -> Result<f64> {
        let log_densities = self.class.at(Sigma::new(SIGMA)?).log_densities(samples);
        let outliers = log_densities
            .iter()
            .filter(|value| **value < self.outlier_below)
            .count();
        Ok(outliers as f64 / samples.len() as f64)
    }
}

/// Shares of samples that the branches and the subtrees receive.
fn shares(level: &NoisyDistribution<'_>, samples: &[Point]) -> (Vec<f64>, Vec<f64>) {
    let (mut branches, mut subtrees) = (vec![0.0; BRANCHES], vec![0.0; COARSE_SUBTREES]);
    let each = 1.0 / samples.len() as f64;
    for branch in level.branches(samples) {
        branches[branch] += each;
        if let Some(subtree) = coarse_subtree(branch) {
            subtrees[subtree] += each;
        }
    }
    (branches, subtrees)
}

fn covered(found: &[f64], expected: &[f64]) -> f64 {
    let covered = found
        .iter()
        .zip(expected)
        .filter(|(found, expected)| **found >= COVERED * **expected)
        .count();
    covered as f64 / expected.len() as f64
}
