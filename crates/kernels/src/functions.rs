//! Elementary functions as straight arithmetic, without branches or tables, so that a loop over them becomes vector code and
//! gives the same bits with every instruction set.

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// Below it eˣ is no normal number.
const LEAST: f32 = -87.336_54;

/// eˣ within 2 units in the last place; 0 below −87.3 (where the result is no longer a normal number), +∞ above 88.7.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const MOST: f32 = 88.722_84;
    // NaN stays NaN: both comparisons are false for it.
    let bounded = if x < LEAST { LEAST } else { x };
    let bounded = if bounded > MOST { MOST } else { bounded };
    let (n, p) = exponent_and_rest(bounded);
    // 2ⁿ in two factors, because n = 128 has no f32 of its own.
    let half = n >> 1;
    let value = p * power_of_two(half) * power_of_two(n - half);
    let value = if x < LEAST { 0.0 } else { value };
    if x > MOST { f32::INFINITY } else { value }
}

/// As [`exp`] for x that is not above 0 (or NaN), in two thirds of the operations: what a softmax needs.
#[inline(always)]
pub(crate) fn exp_not_above_one(x: f32) -> f32 {
    let bounded = if x < LEAST { LEAST } else { x };
    let (n, p) = exponent_and_rest(bounded);
    let value = p * power_of_two(n);
    if x < LEAST { 0.0 } else { value }
}

/// eˣ = 2ⁿ · p.
#[inline(always)]
fn exponent_and_rest(x: f32) -> (i32, f32) {
    // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, of which the first has room for n.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Adding it leaves a small number's nearest integer in the lowest bits.
    const SHIFT: f32 = 12_582_912.0;
    let shifted = x * LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // Minimax on that interval (Cephes expf).
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.000_000_3e-1;
    let p = p * (r * r) + r + 1.0;
    let n = (shifted.to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32);
    (n, p)
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// x · sigmoid(x).
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    // Not x · sigmoid(x), whose denominator is infinite for very negative x while the quotient is −0 either way.
    x / (1.0 + exp(-x))
}

/// d silu / dx.
#[inline(always)]
pub(crate) fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s * (1.0 + x * (1.0 - s))
}

/// Keeps the magnitude of a standard normal input (Karras et al. 2024, Eq. 81).
pub(crate) const MP_SILU_GAIN: f32 = 1.0 / 0.596;

/// The tail of the normal distribution, Φ(x), within 2e-7 of its value: 1/2 erfc(−x/√2) by a Chebyshev fit of the logarithm
/// (Press et al., Numerical Recipes, `erfcc`).
#[inline(always)]
pub(crate) fn normal_cdf(x: f32) -> f32 {
    let z = x.abs() * FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * z);
    let mut p = 0.170_872_77;
    p = p * t - 0.822_152_23;
    p = p * t + 1.488_515_9;
    p = p * t - 1.135_204;
    p = p * t + 0.278_868_07;
    p = p * t - 0.186_288_06;
    p = p * t + 0.096_784_18;
    p = p * t + 0.374_091_96;
    p = p * t + 1.000_023_7;
    p = p * t - 1.265_512_2;
    let tail = 0.5 * t * exp(p - z * z);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// x Φ(x): the exact form, not the one by tanh.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> f32 {
    x * normal_cdf(x)
}

/// d gelu / dx = Φ(x) + x φ(x).
#[inline(always)]
pub(crate) fn gelu_slope(x: f32) -> f32 {
    const INVERSE_ROOT_TWO_PI: f32 = 0.398_942_3;
    normal_cdf(x) + x * INVERSE_ROOT_TWO_PI * exp(-0.5 * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place_over_its_whole_range() {
        let mut worst = 0.0_f64;
        for step in 0..200_000 {
            let x = -87.3 + 176.0 * step as f32 / 200_000.0;
            let truth = f64::from(x).exp();
            let error = (f64::from(exp(x)) - truth).abs() / (truth * f64::from(f32::EPSILON));
            worst = worst.max(error);
        }
        assert!(worst < 2.0, "{worst} units");
        assert_eq!(exp(0.0).to_bits(), 1.0_f32.to_bits());
        assert_eq!(exp(f32::NEG_INFINITY).to_bits(), 0);
        assert!(exp(f32::INFINITY).is_infinite() && exp(100.0).is_infinite());
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn what_is_not_above_one_is_the_same_by_the_shorter_way() {
        for step in 0..100_000 {
            let x = -100.0 * step as f32 / 100_000.0;
            assert_eq!(exp_not_above_one(x).to_bits(), exp(x).to_bits(), "{x}");
        }
        assert_eq!(exp_not_above_one(f32::NEG_INFINITY).to_bits(), 0);
        assert!(exp_not_above_one(f32::NAN).is_nan());
    }

    /// erfc by its series and its continued fraction, in f64.
    fn normal_cdf_slowly(x: f64) -> f64 {
        // Simpson's rule on the density from 0.
        let intervals = 2000;
        let width = x / f64::from(intervals);
        let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let mut sum = density(0.0) + density(x);
        for index in 1..intervals {
            let weight = if index % 2 == 1 { 4.0 } else { 2.0 };
            sum += weight * density(width * f64::from(index));
        }
        0.5 + sum * width / 3.0
    }

    #[test]
    fn gelu_and_its_slope_agree_with_numerical_integration() {
        for step in 0..=120 {
            let x = -6.0 + 0.1 * step as f32;
            let phi = normal_cdf_slowly(f64::from(x));
            let truth = f64::from(x) * phi;
            let magnitude = truth.abs().max(1e-6);
            assert!(
                (f64::from(gelu(x)) - truth).abs() < 1e-6 * magnitude.max(1.0),
                "{x}"
            );
            let density = (-0.5 * f64::from(x).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let slope = phi + f64::from(x) * density;
            assert!((f64::from(gelu_slope(x)) - slope).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn silu_is_finite_and_right_at_the_ends() {
        assert_eq!(silu(-200.0).abs().to_bits(), 0);
        assert_eq!(silu(200.0).to_bits(), 200.0_f32.to_bits());
        for step in 0..400 {
            let x = -20.0 + 0.1 * step as f32;
            let truth = f64::from(x) / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(silu(x)) - truth).abs() <= 1e-6 * truth.abs().max(1e-6));
            let h = 1e-3;
            let slope = (silu(x + h) - silu(x - h)) / (2.0 * h);
            assert!((silu_slope(x) - slope).abs() < 2e-3);
        }
    }
}
