//! The filters: which points their polynomials are taken at, and the sums that follow from them.

#![allow(unsafe_code, reason = "calls vector instructions")]

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use crate::product::lanes::Lanes;

/// Vectors that are sums and factors alike.
pub(crate) trait Vectors:
    Lanes<f32, Sum = <Self as Vectors>::Vector, Factor = <Self as Vectors>::Vector>
{
    type Vector: Copy;
}

impl<V: Copy, L: Lanes<f32, Sum = V, Factor = V>> Vectors for L {
    type Vector = V;
}

/// F(m×m, 3×3) as its matrices along one side, where m is `OUTPUT` and m + 2 is `INPUT`.
pub(crate) trait Filter<const OUTPUT: usize, const INPUT: usize> {
    /// G; a row is the powers of a point, divided by its distances from the others.
    const KERNEL: [[f64; 3]; INPUT];

    /// Bᵀ·d; a row is the polynomial through all points but its own.
    ///
    /// # Safety
    /// The instruction set of `L` must be enabled in the caller.
    unsafe fn inputs<L: Vectors>(d: [L::Vector; INPUT]) -> [L::Vector; INPUT];

    /// Aᵀ·m; a row is a power of all points.
    ///
    /// # Safety
    /// The instruction set of `L` must be enabled in the caller.
    unsafe fn outputs<L: Vectors>(m: [L::Vector; INPUT]) -> [L::Vector; OUTPUT];
}

/// x·factor + y.
///
/// # Safety
/// The instruction set of `L` must be enabled in the caller.
#[inline(always)]
unsafe fn scaled<L: Vectors>(x: L::Vector, factor: f32, y: L::Vector) -> L::Vector {
    // SAFETY: the caller's; a number is readable where it lies.
    unsafe { L::multiply_add(x, L::splat(&raw const factor), y) }
}

/// F(2×2, 3×3) with the points 0, ±1 and ∞: its inputs are sums of four, which lose nothing but their last bits when they are rounded.
pub(crate) struct TwoByTwo;

impl Filter<2, 4> for TwoByTwo {
    const KERNEL: [[f64; 3]; 4] = [
        [1.0, 0.0, 0.0],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0.0, 0.0, 1.0],
    ];

    #[inline(always)]
    unsafe fn inputs<L: Vectors>(d: [L::Vector; 4]) -> [L::Vector; 4] {
        // SAFETY: the caller's.
        unsafe {
            [
                scaled::<L>(d[2], -1.0, d[0]),
                scaled::<L>(d[1], 1.0, d[2]),
                scaled::<L>(d[1], -1.0, d[2]),
                scaled::<L>(d[3], -1.0, d[1]),
            ]
        }
    }

    #[inline(always)]
    unsafe fn outputs<L: Vectors>(m: [L::Vector; 4]) -> [L::Vector; 2] {
        // SAFETY: the caller's.
        unsafe {
            let even = scaled::<L>(m[1], 1.0, m[2]);
            let odd = scaled::<L>(m[2], -1.0, m[1]);
            [scaled::<L>(even, 1.0, m[0]), scaled::<L>(m[3], -1.0, odd)]
        }
    }
}

/// F(4×4, 3×3) with the points 0, ±a, ±b and ∞ for a = 1/√2, b = √2 instead of the customary ±1, ±2: the numbers stay of one size, and
/// the error is a quarter (measured: 2e-6 of the largest output for 768 channels, where the direct sum has 5e-7).
pub(crate) struct FourByFour;

impl Filter<4, 6> for FourByFour {
    const KERNEL: [[f64; 3]; 6] = {
        use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};
        [
            [1.0, 0.0, 0.0],
            [-1.0 / 1.5, -FRAC_1_SQRT_2 / 1.5, -0.5 / 1.5],
            [-1.0 / 1.5, FRAC_1_SQRT_2 / 1.5, -0.5 / 1.5],
            [1.0 / 6.0, SQRT_2 / 6.0, 2.0 / 6.0],
            [1.0 / 6.0, -SQRT_2 / 6.0, 2.0 / 6.0],
            [0.0, 0.0, 1.0],
        ]
    };

    #[inline(always)]
    unsafe fn inputs<L: Vectors>(d: [L::Vector; 6]) -> [L::Vector; 6] {
        // SAFETY: the caller's.
        unsafe {
            let near_even = scaled::<L>(d[2], -2.0, d[4]);
            let near_odd = scaled::<L>(d[1], -2.0, d[3]);
            let far_even = scaled::<L>(d[2], -0.5, d[4]);
            let far_odd = scaled::<L>(d[1], -0.5, d[3]);
            [
                scaled::<L>(d[2], -2.5, scaled::<L>(d[0], 1.0, d[4])),
                scaled::<L>(near_odd, FRAC_1_SQRT_2, near_even),
                scaled::<L>(near_odd, -FRAC_1_SQRT_2, near_even),
                scaled::<L>(far_odd, SQRT_2, far_even),
                scaled::<L>(far_odd, -SQRT_2, far_even),
                scaled::<L>(d[3], -2.5, scaled::<L>(d[1], 1.0, d[5])),
            ]
        }
    }

    #[inline(always)]
    unsafe fn outputs<L: Vectors>(m: [L::Vector; 6]) -> [L::Vector; 4] {
        const NEAR_CUBED: f32 = 0.5 * FRAC_1_SQRT_2;
        const FAR_CUBED: f32 = 2.0 * SQRT_2;
        // SAFETY: the caller's.
        unsafe {
            let near = scaled::<L>(m[1], 1.0, m[2]);
            let near_odd = scaled::<L>(m[2], -1.0, m[1]);
            let far = scaled::<L>(m[3], 1.0, m[4]);
            let far_odd = scaled::<L>(m[4], -1.0, m[3]);
            let zero = L::zero();
            [
                scaled::<L>(near, 1.0, scaled::<L>(far, 1.0, m[0])),
                scaled::<L>(near_odd, FRAC_1_SQRT_2, scaled::<L>(far_odd, SQRT_2, zero)),
                scaled::<L>(near, 0.5, scaled::<L>(far, 2.0, zero)),
                scaled::<L>(near_odd, NEAR_CUBED, scaled::<L>(far_odd, FAR_CUBED, m[5])),
            ]
        }
    }
}
