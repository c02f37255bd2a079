//! The mixture's density and score over all components at once, the hot loop of the laboratory.
//!
//! The Gaussians of a branch share one covariance and lie evenly on a line, so the exponent of the k-th,
//! (x−μₖ)ᵀ(Σ+σ²I)⁻¹(x−μₖ), is a parabola in k: one inversion serves eight components. Vectors lie across branches.
//!
//! Two passes: the first finds all exponents, which stay in the first-level cache, and the least of them; the second sums
//! exp(−½(exponent − least)), so that nothing underflows however far a point is, and passes over vectors of branches
//! that are too far to count.

use pulp::{Simd, WithSimd};

use super::{
    precision::{Arrays, Precision, Precisions},
    tree::PER_BRANCH,
};
use crate::{Point, arithmetic::exp};

/// Exponents this far above the least are left out: e^{−25} is below what single precision adds to 1, also after the
/// factor of a hundred by which the components' heights differ.
const NEGLIGIBLE: f32 = 50.0;

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

#[cfg(test)]
mod tests {
    use pulp::{Arch, Scalar, WithSimd};

    use super::{Arrays, Precisions, Scores, Scratch};
    use crate::{
        Point,
        distribution::{
            Class,
            precision::{Fixed, PerPoint},
            tree::components,
        },
    };

    fn evaluate(
        arrays: &Arrays,
        precision: impl Precisions,
        points: &[Point],
        portable: bool,
    ) -> (Vec<Point>, Vec<f32>) {
        let mut scratch = Scratch::default();
        let (mut gradients, mut densities) = (
            vec![[f32::NAN; 2]; points.len()],
            vec![f32::NAN; points.len()],
        );
        let log_densities = Some(densities.as_mut_slice());
        let scores = Scores {
            arrays,
            precision,
            points,
            gradients: &mut gradients,
            log_densities,
            scratch: &mut scratch,
        };
        if portable {
            scores.with_simd(Scalar::new());
        } else {
            Arch::new().dispatch(scores);
        }
        (gradients, densities)
    }

    #[test]
    fn vectors_and_plain_numbers_and_both_ways_to_invert_agree() {
        for class in [Class::B, Class::AB] {
            let components = components(class);
            let arrays = Arrays::new(&components);
            let points: Vec<Point> = (0..57_u8)
                .map(|index| [(f32::from(index)).sin(), 1.4 * f32::from(index).cos()])
                .collect();
            for sigma in [0.03_f32, 0.6] {
                let sigmas = vec![sigma; points.len()];
                let fixed = Fixed::new(&components, f64::from(sigma));
                let each = || PerPoint {
                    arrays: &arrays,
                    sigmas: &sigmas,
                };
                let (expected, densities) = evaluate(&arrays, &fixed, &points, false);
                let others = [
                    evaluate(&arrays, &fixed, &points, true),
                    evaluate(&arrays, each(), &points, false),
                    evaluate(&arrays, each(), &points, true),
                ];
                for (gradients, log_densities) in others {
                    for index in 0..points.len() {
                        let steep = 1.0 / (sigma * sigma);
                        for axis in [0, 1] {
                            let (a, b) = (gradients[index][axis], expected[index][axis]);
                            assert!((a - b).abs() < 1e-4 * (b.abs() + steep), "{a} and {b}");
                        }
                        let (a, b) = (log_densities[index], densities[index]);
                        assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{a} and {b}");
                    }
                }
            }
        }
    }
}
