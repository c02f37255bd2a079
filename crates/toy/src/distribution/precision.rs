//! The branches of the distribution as arrays, and their inverse covariances at a noise level.

use pulp::Simd;

use super::tree::{Component, PER_BRANCH};
use crate::{Point, arithmetic::padded};

/// The branches as one array per number, padded with branches of weight zero.
#[derive(Debug, Clone)]
pub(super) struct Arrays {
    branches: usize,
    /// Weight of one of its components.
    pub(super) shares: Vec<f32>,
    /// Mean of the first component, and the step to the next.
    pub(super) start: [Vec<f32>; 2],
    pub(super) step: [Vec<f32>; 2],
    /// xx, xy, yy.
    covariance: [Vec<f32>; 3],
}

impl Arrays {
    pub(super) fn new(components: &[Component]) -> Self {
        let column = |padding: f32, number: &dyn Fn(&[Component]) -> f64| {
            per_branch(components, padding, |branch| number(branch))
        };
        Self {
            branches: components.len() / PER_BRANCH,
            shares: column(0.0, &|branch| branch[0].share),
            start: [0, 1].map(|axis| column(0.0, &|branch| branch[0].mean[axis])),
            step: [0, 1].map(|axis| {
                let last = PER_BRANCH - 1;
                column(0.0, &|branch| {
                    (branch[last].mean[axis] - branch[0].mean[axis]) / last as f64
                })
            }),
            covariance: [(0, 1.0), (1, 0.0), (2, 1.0)]
                .map(|(entry, padding)| column(padding, &|branch| branch[0].covariance[entry])),
        }
    }
}

/// One number for each branch, padded.
fn per_branch(
    components: &[Component],
    padding: f32,
    number: impl Fn(&[Component]) -> f64,
) -> Vec<f32> {
    let branches = components.chunks_exact(PER_BRANCH);
    let mut values = Vec::with_capacity(padded(branches.len()));
    values.extend(branches.map(|branch| number(branch) as f32));
    values.resize(padded(values.len()), padding);
    values
}

/// For a vector of branches: (Σ + σ²I)⁻¹ and share/√det(Σ + σ²I).
#[derive(Clone, Copy)]
pub(super) struct Precision<V> {
    pub(super) xx: V,
    pub(super) xy: V,
    pub(super) yy: V,
    pub(super) amplitude: V,
}

/// Where the inverse covariances come from.
pub(super) trait Precisions {
    /// Those of vector `index` of branches, for point number `point`.
    fn of<S: Simd>(&self, simd: S, point: usize, index: usize) -> Precision<S::f32s>;
}

/// One noise level for all points: computed once, in double precision.
#[derive(Debug, Clone)]
pub(super) struct Fixed {
    xx: Vec<f32>,
    xy: Vec<f32>,
    yy: Vec<f32>,
    amplitude: Vec<f32>,
    /// ln(8·amplitude).
    log_most: Vec<f32>,
}

impl Fixed {
    pub(super) fn new(components: &[Component], sigma: f64) -> Self {
        let column = |padding: f32, number: fn(f64, [f64; 3], f64) -> f64| {
            per_branch(components, padding, |branch| {
                let [xx, xy, yy] = branch[0].covariance;
                let noisy = [xx + sigma * sigma, xy, yy + sigma * sigma];
                number(
                    branch[0].share,
                    noisy,
                    noisy[0] * noisy[2] - noisy[1] * noisy[1],
                )
            })
        };
        Self {
            xx: column(1.0, |_, covariance, determinant| {
                covariance[2] / determinant
            }),
            xy: column(0.0, |_, covariance, determinant| {
                -covariance[1] / determinant
            }),
            yy: column(1.0, |_, covariance, determinant| {
                covariance[0] / determinant
            }),
            amplitude: column(0.0, |share, _, determinant| share / determinant.sqrt()),
            log_most: column(f32::MIN, |share, _, determinant| {
                (share / determinant.sqrt() * PER_BRANCH as f64).ln()
            }),
        }
    }

    /// The branch with the largest part of the density at a point.
    pub(super) fn nearest_branch(&self, arrays: &Arrays, point: Point) -> usize {
        let mut best = (0, f32::NEG_INFINITY);
        for branch in 0..arrays.branches {
            let exponent = self.exponents(arrays, branch, point);
            let least = exponent.least();
            // No sum of eight terms can pass eight times the largest: most branches end here.
            if self.log_most[branch] - 0.5 * least <= best.1 {
                continue;
            }
            let sum: f32 = (0..PER_BRANCH)
                .map(|k| (0.5 * (least - exponent.at(k as f32))).exp())
                .sum();
            let log_mass = (self.amplitude[branch] * sum).ln() - 0.5 * least;
            if log_mass > best.1 {
                best = (branch, log_mass);
            }
        }
        best.0
    }

    fn exponents(&self, arrays: &Arrays, branch: usize, point: Point) -> Parabola {
        let (xx, xy, yy) = (self.xx[branch], self.xy[branch], self.yy[branch]);
        let (dx, dy) = (
            point[0] - arrays.start[0][branch],
            point[1] - arrays.start[1][branch],
        );
        let (step_x, step_y) = (arrays.step[0][branch], arrays.step[1][branch]);
        let (along_x, along_y) = (xx * dx + xy * dy, xy * dx + yy * dy);
        Parabola {
            constant: dx * along_x + dy * along_y,
            linear: -2.0 * (step_x * along_x + step_y * along_y),
            square: step_x * (xx * step_x + xy * step_y) + step_y * (xy * step_x + yy * step_y),
        }
    }
}

/// The exponents along a branch.
struct Parabola {
    constant: f32,
    linear: f32,
    square: f32,
}

impl Parabola {
    fn at(&self, k: f32) -> f32 {
        self.constant + k * (self.linear + k * self.square)
    }

    /// The least over all of the line between the first and the last component.
    fn least(&self) -> f32 {
        self.at((-0.5 * self.linear / self.square).clamp(0.0, (PER_BRANCH - 1) as f32))
    }
}

impl Precisions for &Fixed {
    #[inline(always)]
    fn of<S: Simd>(&self, _simd: S, _point: usize, index: usize) -> Precision<S::f32s> {
        Precision {
            xx: S::as_simd_f32s(&self.xx).0[index],
            xy: S::as_simd_f32s(&self.xy).0[index],
            yy: S::as_simd_f32s(&self.yy).0[index],
            amplitude: S::as_simd_f32s(&self.amplitude).0[index],
        }
    }
}

/// Another noise level for each point: computed on the way.
pub(super) struct PerPoint<'a> {
    pub(super) arrays: &'a Arrays,
    pub(super) sigmas: &'a [f32],
}

impl Precisions for PerPoint<'_> {
    #[inline(always)]
    fn of<S: Simd>(&self, simd: S, point: usize, index: usize) -> Precision<S::f32s> {
        let [xx, xy, yy] = &self.arrays.covariance;
        let noise = simd.splat_f32s(self.sigmas[point] * self.sigmas[point]);
        let xx = simd.add_f32s(S::as_simd_f32s(xx).0[index], noise);
        let yy = simd.add_f32s(S::as_simd_f32s(yy).0[index], noise);
        let xy = S::as_simd_f32s(xy).0[index];
        let determinant = simd.sub_f32s(simd.mul_f32s(xx, yy), simd.mul_f32s(xy, xy));
        let inverse = simd.div_f32s(simd.splat_f32s(1.0), determinant);
        let share = S::as_simd_f32s(&self.arrays.shares).0[index];
        Precision {
            xx: simd.mul_f32s(yy, inverse),
            xy: simd.neg_f32s(simd.mul_f32s(xy, inverse)),
            yy: simd.mul_f32s(xx, inverse),
            amplitude: simd.mul_f32s(share, simd.sqrt_f32s(inverse)),
        }
    }
}
