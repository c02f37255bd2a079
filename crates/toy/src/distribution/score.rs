//! The mixture's density and score over all components at once, the hot loop of the laboratory.
//!
//! The Gaussians of a branch share one covariance and lie evenly on a line, so the exponent of the k-th,
//! (x−μₖ)ᵀ(Σ+σ²I)⁻¹(x−μₖ), is a parabola in k: one inversion serves eight components. Vectors lie across branches.
//!
//! Two passes: the first finds all exponents, which stay in the first-level cache, and the least of them; the second sums
//! exp(−½(exponent − least)), so that nothing underflows however far a point is, and passes over vectors of branches
//! that are too far to count.

use pulp::{Simd, WithSimd};

use super::tree::{Component, PER_BRANCH};
use crate::{
    Point,
    arithmetic::{exp, padded},
};

/// Exponents this far above the least are left out: e^{−25} is below what single precision adds to 1, also after the
/// factor of a hundred by which the components' heights differ.
const NEGLIGIBLE: f32 = 50.0;

/// The branches as one array per number, padded with branches of weight zero.
#[derive(Debug, Clone)]
pub(super) struct Arrays {
    branches: usize,
    /// Weight of one of its components.
    shares: Vec<f32>,
    /// Mean of the first component, and the step to the next.
    start: [Vec<f32>; 2],
    step: [Vec<f32>; 2],
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
    xx: V,
    xy: V,
    yy: V,
    amplitude: V,
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
        }
    }

    /// The branch with the largest part of the density at a point.
    pub(super) fn nearest_branch(&self, arrays: &Arrays, point: Point) -> usize {
        let exponent = |branch: usize, k: usize| {
            let [dx, dy] = [0, 1].map(|axis| {
                point[axis] - arrays.start[axis][branch] - k as f32 * arrays.step[axis][branch]
            });
            dx * dx * self.xx[branch] + 2.0 * dx * dy * self.xy[branch] + dy * dy * self.yy[branch]
        };
        let mut best = (0, f32::NEG_INFINITY);
        for branch in 0..arrays.branches {
            let mut exponents = [0.0; PER_BRANCH];
            for (k, value) in exponents.iter_mut().enumerate() {
                *value = exponent(branch, k);
            }
            let least = exponents.iter().copied().fold(f32::INFINITY, f32::min);
            // No sum of eight terms can pass eight times the largest: most branches end here.
            if (self.amplitude[branch] * PER_BRANCH as f32).ln() - 0.5 * least <= best.1 {
                continue;
            }
            let sum: f32 = exponents
                .iter()
                .map(|exponent| (0.5 * (least - exponent)).exp())
                .sum();
            let log_mass = (self.amplitude[branch] * sum).ln() - 0.5 * least;
            if log_mass > best.1 {
                best = (branch, log_mass);
            }
        }
        best.0
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

/// What the first pass keeps for the second.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {
    /// For each vector of branches: eight exponents, then [`KEPT`] more numbers.
    values: Vec<f32>,
    /// Its least exponent.
    least: Vec<f32>,
}

/// Amplitude, (Σ+σ²I)⁻¹(x−μ₀) and (Σ+σ²I)⁻¹·step.
const KEPT: usize = 5;

/// log p and ∇ log p of points.
pub(super) struct Scores<'a, P> {
    pub(super) arrays: &'a Arrays,
    pub(super) precision: P,
    pub(super) points: &'a [Point],
    pub(super) gradients: &'a mut [Point],
    pub(super) log_densities: Option<&'a mut [f32]>,
    pub(super) scratch: &'a mut Scratch,
}

impl<P: Precisions> WithSimd for Scores<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let branches = self.arrays.shares.len();
        self.scratch
            .values
            .resize((PER_BRANCH + KEPT) * branches, 0.0);
        self.scratch.least.resize(branches / S::F32_LANES, 0.0);
        for index in 0..self.points.len() {
            let least = self.first_pass(simd, index);
            let (mass, gradient) = self.second_pass(simd, least);
            self.gradients[index] = [-gradient[0] / mass, -gradient[1] / mass];
            if let Some(log_densities) = &mut self.log_densities {
                log_densities[index] = mass.ln() - 0.5 * least - std::f32::consts::TAU.ln();
            }
        }
    }
}

impl<P: Precisions> Scores<'_, P> {
    /// Exponents into the scratch; the least of all.
    #[inline(always)]
    fn first_pass<S: Simd>(&mut self, simd: S, point: usize) -> f32 {
        let [x, y] = self.points[point];
        let (x, y) = (simd.splat_f32s(x), simd.splat_f32s(y));
        let Arrays {
            start,
            step,
            shares,
            ..
        } = self.arrays;
        let (start_x, start_y) = (S::as_simd_f32s(&start[0]).0, S::as_simd_f32s(&start[1]).0);
        let (step_x, step_y) = (S::as_simd_f32s(&step[0]).0, S::as_simd_f32s(&step[1]).0);
        let shares = S::as_simd_f32s(shares).0;
        let scratch = S::as_mut_simd_f32s(&mut self.scratch.values)
            .0
            .as_chunks_mut::<{ PER_BRANCH + KEPT }>()
            .0;
        let mut overall = f32::INFINITY;
        for index in 0..shares.len() {
            let Precision {
                xx,
                xy,
                yy,
                amplitude,
            } = self.precision.of(simd, point, index);
            let (dx, dy) = (
                simd.sub_f32s(x, start_x[index]),
                simd.sub_f32s(y, start_y[index]),
            );
            let along_x = simd.mul_add_e_f32s(xx, dx, simd.mul_f32s(xy, dy));
            let along_y = simd.mul_add_e_f32s(xy, dx, simd.mul_f32s(yy, dy));
            let (step_x, step_y) = (step_x[index], step_y[index]);
            let turn_x = simd.mul_add_e_f32s(xx, step_x, simd.mul_f32s(xy, step_y));
            let turn_y = simd.mul_add_e_f32s(xy, step_x, simd.mul_f32s(yy, step_y));
            // exponent = constant + k·(linear + k·square)
            let constant = simd.mul_add_e_f32s(dx, along_x, simd.mul_f32s(dy, along_y));
            let linear = simd.mul_add_e_f32s(step_x, along_x, simd.mul_f32s(step_y, along_y));
            let linear = simd.mul_f32s(simd.splat_f32s(-2.0), linear);
            let square = simd.mul_add_e_f32s(step_x, turn_x, simd.mul_f32s(step_y, turn_y));
            // Padding must not be the nearest, however far everything else is.
            let none = simd.equal_f32s(shares[index], simd.splat_f32s(0.0));
            let constant = simd.select_f32s(none, simd.splat_f32s(f32::MAX), constant);
            let kept = &mut scratch[index];
            let mut least = constant;
            for (k, kept) in kept[..PER_BRANCH].iter_mut().enumerate() {
                let k = simd.splat_f32s(k as f32);
                let exponent =
                    simd.mul_add_e_f32s(k, simd.mul_add_e_f32s(k, square, linear), constant);
                least = simd.min_f32s(least, exponent);
                *kept = exponent;
            }
            kept[PER_BRANCH] = amplitude;
            (kept[PER_BRANCH + 1], kept[PER_BRANCH + 2]) = (along_x, along_y);
            (kept[PER_BRANCH + 3], kept[PER_BRANCH + 4]) = (turn_x, turn_y);
            let least = simd.reduce_min_f32s(least);
            self.scratch.least[index] = least;
            overall = overall.min(least);
        }
        overall
    }

    /// Σ w and Σ w·(Σ+σ²I)⁻¹(x−μ) with w = amplitude·exp(−½(exponent − least)).
    #[inline(always)]
    fn second_pass<S: Simd>(&self, simd: S, least: f32) -> (f32, [f32; 2]) {
        let scratch = S::as_simd_f32s(&self.scratch.values).0;
        let (half, half_least) = (simd.splat_f32s(-0.5), simd.splat_f32s(0.5 * least));
        let zero = simd.splat_f32s(0.0);
        let (mut mass, mut sum_x, mut sum_y) = (zero, zero, zero);
        let vectors = scratch.as_chunks::<{ PER_BRANCH + KEPT }>().0;
        for (kept, nearest) in vectors.iter().zip(&self.scratch.least) {
            if *nearest > least + NEGLIGIBLE {
                continue;
            }
            // Σ wₖ and Σ wₖ·k over the branch.
            let (mut weights, mut moments) = (zero, zero);
            for (k, exponent) in kept[..PER_BRANCH].iter().enumerate() {
                let weight = exp(simd, simd.mul_add_e_f32s(half, *exponent, half_least));
                weights = simd.add_f32s(weights, weight);
                moments = simd.mul_add_e_f32s(weight, simd.splat_f32s(k as f32), moments);
            }
            let [.., amplitude, along_x, along_y, turn_x, turn_y] = *kept;
            let weights = simd.mul_f32s(weights, amplitude);
            let moments = simd.mul_f32s(moments, amplitude);
            mass = simd.add_f32s(mass, weights);
            sum_x = simd.add_f32s(
                sum_x,
                simd.negate_mul_add_e_f32s(moments, turn_x, simd.mul_f32s(weights, along_x)),
            );
            sum_y = simd.add_f32s(
                sum_y,
                simd.negate_mul_add_e_f32s(moments, turn_y, simd.mul_f32s(weights, along_y)),
            );
        }
        (
            simd.reduce_sum_f32s(mass),
            [simd.reduce_sum_f32s(sum_x), simd.reduce_sum_f32s(sum_y)],
        )
    }
}
