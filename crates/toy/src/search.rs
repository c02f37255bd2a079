//! Which of several trained networks to use.
//!
//! What a small network does where it has seen no data is left to its initial weights. Two things are checked, both with
//! points other than those that results are measured on: that trajectories from far outside come home (a network is
//! *sound*), and how many outliers guided samples have. The paper, too, finds its guides by search.

use std::cell::OnceCell;

use foil_diffusion::{Result, Silent};

use crate::{
    Point,
    distribution::{Class, Distribution},
    metrics::Judge,
    network::DensityModel,
    sampling::{Guidance, SIGMA_MAX, Sampling},
};

/// Starting points on a circle around the data.
const DIRECTIONS: usize = 512;
/// Where class A is, roughly.
const CENTRE: Point = [0.37, 0.36];
/// A trajectory has come home if it ends this near; the farthest branches are 1.6 away.
const HOME: f32 = 2.0;
/// How far out, in standard deviations of the first noise level, a main model alone must be sound: with less, guides
/// that push outwards drive off some of its samples.
const UNGUIDED_DEVIATIONS: f64 = 6.0;
/// The same with guidance: as far as any of some hundred thousand starting points.
const GUIDED_DEVIATIONS: f64 = 4.8;
/// Samples for a first look at the outlier rate, and for a second one at those guides that are worth it.
const FEW: usize = 8192;
const MANY: usize = 65_536;
/// What is worth it.
const PROMISING: f64 = 0.65;
/// Separates these samples from those that results are measured on.
const VALIDATION_SEED: u64 = 0x7661_6c69_6461_7465;

/// Judges candidates for one main model.
#[derive(Debug)]
pub struct GuideSearch<'a> {
    main: &'a DensityModel,
    judge: &'a Judge,
    sampling: &'a Sampling,
    weight: f64,
    start: Vec<Point>,
    /// Outlier rate of unguided samples, of few and of many; the second is found when it is first needed.
    unguided: (f64, OnceCell<f64>),
}

/// What was found out about a guide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Whether guided trajectories from far outside come home.
    pub is_sound: bool,
    /// Outlier rate of guided samples over that of unguided ones.
    pub outlier_ratio: f64,
}

impl Candidate {
    /// Whether it is sound and leaves no more than a share of the outliers.
    pub fn leaves_at_most(&self, share: f64) -> bool {
        self.is_sound && self.outlier_ratio <= share
    }

    /// Whether it is the better guide: a sound one first, then the one with fewer outliers.
    pub fn is_better_than(&self, other: &Self) -> bool {
        (self.is_sound, -self.outlier_ratio) > (other.is_sound, -other.outlier_ratio)
    }
}

impl<'a> GuideSearch<'a> {
    /// For guides that are used with `weight`.
    pub fn new(
        main: &'a DensityModel,
        judge: &'a Judge,
        sampling: &'a Sampling,
        weight: f64,
        seed: u64,
    ) -> Result<Self> {
        let start = sampling.start(&Distribution::new(Class::A), MANY, seed ^ VALIDATION_SEED);
        let few = outlier_rate(judge, sampling, main, &Guidance::none(), &start[..FEW])?;
        Ok(Self {
            main,
            judge,
            sampling,
            weight,
            start,
            unguided: (few, OnceCell::new()),
        })
    }

    /// Tries a guide.
    pub fn judge(&self, guide: &DensityModel) -> Result<Candidate> {
        let (none, guidance) = (Guidance::none(), Guidance::auto(guide, self.weight)?);
        let is_sound = comes_home(self.sampling, self.main, &guidance, GUIDED_DEVIATIONS)?;
        let rate =
            |guidance, start| outlier_rate(self.judge, self.sampling, self.main, guidance, start);
        let outlier_ratio = rate(&guidance, &self.start[..FEW])? / self.unguided.0;
        let mut candidate = Candidate {
            is_sound,
            outlier_ratio,
        };
        if candidate.leaves_at_most(PROMISING) {
            let unguided = if let Some(known) = self.unguided.1.get() {
                *known
            } else {
                let found = rate(&none, &self.start)?;
                *self.unguided.1.get_or_init(|| found)
            };
            candidate.outlier_ratio = rate(&guidance, &self.start)? / unguided;
        }
        Ok(candidate)
    }
}

/// The share of outliers among samples.
fn outlier_rate(
    judge: &Judge,
    sampling: &Sampling,
    main: &DensityModel,
    guidance: &Guidance<'_>,
    start: &[Point],
) -> Result<f64> {
    let (samples, _) = sampling.run(main, guidance, start, &mut Silent)?;
    judge.outlier_rate(&samples)
}

/// Whether a main model alone brings trajectories home from everywhere.
pub fn is_sound(main: &DensityModel, sampling: &Sampling) -> Result<bool> {
    comes_home(sampling, main, &Guidance::none(), UNGUIDED_DEVIATIONS)
}

fn comes_home(
    sampling: &Sampling,
    main: &DensityModel,
    guidance: &Guidance<'_>,
    deviations: f64,
) -> Result<bool> {
    let reach = (deviations * SIGMA_MAX) as f32;
    let start: Vec<Point> = (0..DIRECTIONS)
        .map(|index| {
            let angle = index as f32 / DIRECTIONS as f32 * std::f32::consts::TAU;
            [
                CENTRE[0] + reach * angle.cos(),
                CENTRE[1] + reach * angle.sin(),
            ]
        })
        .collect();
    let (ends, _) = sampling.run(main, guidance, &start, &mut Silent)?;
    Ok(ends
        .iter()
        .all(|end| (end[0] - CENTRE[0]).hypot(end[1] - CENTRE[1]) <= HOME))
}
