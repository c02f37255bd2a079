//! The transforms of Winograd's convolution F(4×4, 3×3), written over [`Lanes`] as the products are.
//!
//! With the points 0, ±a, ±b and ∞ for a = 1/√2, b = √2 instead of the customary ±1, ±2: the numbers stay of one size, and the
//! error is a quarter (measured: 2e-6 of the largest output for 768 channels, where the direct sum has 5e-7).

#![allow(unsafe_code, reason = "pointers to channels, promised by the caller")]

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::lanes::Lanes;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::instructions::{InstructionSet, Instructions};

/// Pixels of a tile's output along a side.
pub(crate) const OUTPUT: usize = 4;
/// Pixels of a tile's input along a side.
pub(crate) const INPUT: usize = 6;

/// A tile's input to its 36 values a channel.
///
/// A call's promise: every pixel has `channels` readable elements, a multiple of 16; value `i` of channel `c` goes to
/// `to[i * plane + c]`.
pub(crate) struct Input {
    pub pixels: [[*const f32; INPUT]; INPUT],
    pub channels: usize,
    pub to: *mut f32,
    pub plane: usize,
}

/// A tile's 36 products a channel to its output.
///
/// A call's promise: product `i` of channel `c` is at `from[i * plane + c]`; pixel `p` goes to `to[p * stride + c]`; there are
/// `channels`, a multiple of 16.
pub(crate) struct Output {
    pub from: *const f32,
    pub plane: usize,
    pub channels: usize,
    pub to: *mut f32,
    pub stride: usize,
}

/// Both transforms of an instruction set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transforms {
    pub input: unsafe fn(&Input),
    pub output: unsafe fn(&Output),
}

impl Transforms {
    pub fn new(instructions: Instructions) -> Self {
        match instructions.set() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 | InstructionSet::Avx512Bf16 | InstructionSet::Amx => Self {
                input: avx512::transform_input,
                output: avx512::transform_output,
            },
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Self {
                input: avx2::transform_input,
                output: avx2::transform_output,
            },
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => Self {
                input: neon::transform_input,
                output: neon::transform_output,
            },
            _ => Self {
                input: portable::transform_input,
                output: portable::transform_output,
            },
        }
    }
}

/// G; a row is the powers of a point, divided by its distances from the others.
const KERNEL: [[f64; 3]; INPUT] = {
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

/// G·g·Gᵀ for 3×3 kernels `[count, 9]`, each of the 36 values to a slice of its own; in f64 until the end.
pub(crate) fn transform_kernels(kernels: &[f32], to: [&mut [f32]; INPUT * INPUT]) {
    let count = kernels.len() / 9;
    let mut taps = vec![0.0; 9 * count];
    for (tap, line) in taps.chunks_exact_mut(count).enumerate() {
        for (to, from) in line.iter_mut().zip(kernels[tap..].iter().step_by(9)) {
            *to = f64::from(*from);
        }
    }
    let mut lines = vec![0.0; 3 * INPUT * count];
    for (line, taps) in lines
        .chunks_exact_mut(INPUT * count)
        .zip(taps.chunks_exact(3 * count))
    {
        for (row, to) in KERNEL.iter().zip(line.chunks_exact_mut(count)) {
            weigh(row, [0, 1, 2].map(|tap| &taps[tap * count..][..count]), to);
        }
    }
    let mut sums = vec![0.0; count];
    for (index, to) in to.into_iter().enumerate() {
        let (row, column) = (index / INPUT, index % INPUT);
        let from = [0, 1, 2].map(|line| &lines[(line * INPUT + column) * count..][..count]);
        weigh(&KERNEL[row], from, &mut sums);
        for (to, sum) in to.iter_mut().zip(&sums) {
            *to = *sum as f32;
        }
    }
}

/// A weighted sum of three slices.
fn weigh(weights: &[f64; 3], [x, y, z]: [&[f64]; 3], to: &mut [f64]) {
    for (((to, x), y), z) in to.iter_mut().zip(x).zip(y).zip(z) {
        *to = weights[0] * x + weights[1] * y + weights[2] * z;
    }
}

/// Bᵀ·d·B for a vector of channels after another.
///
/// # Safety
/// As [`Input`] says, and the instruction set of `L` must be enabled in the caller.
#[inline(always)]
pub(crate) unsafe fn input<V: Copy, L: Lanes<f32, Sum = V, Factor = V>>(tile: &Input) {
    // SAFETY: the caller's promise covers every pointer below.
    unsafe {
        for channel in (0..tile.channels).step_by(L::LANES) {
            let mut lines = [[L::zero(); INPUT]; INPUT];
            for (line, pixels) in lines.iter_mut().zip(&tile.pixels) {
                let mut d = [L::zero(); INPUT];
                for (d, pixel) in d.iter_mut().zip(pixels) {
                    *d = L::load(pixel.add(channel));
                }
                *line = inputs::<V, L>(d);
            }
            for column in 0..INPUT {
                let mut d = [L::zero(); INPUT];
                for (d, line) in d.iter_mut().zip(&lines) {
                    *d = line[column];
                }
                for (line, value) in inputs::<V, L>(d).into_iter().enumerate() {
                    L::store(
                        value,
                        tile.to.add((line * INPUT + column) * tile.plane + channel),
                    );
                }
            }
        }
    }
}

/// Aᵀ·m·A for a vector of channels after another.
///
/// # Safety
/// As [`Output`] says, and the instruction set of `L` must be enabled in the caller.
#[inline(always)]
pub(crate) unsafe fn output<V: Copy, L: Lanes<f32, Sum = V, Factor = V>>(tile: &Output) {
    // SAFETY: the caller's promise covers every pointer below.
    unsafe {
        for channel in (0..tile.channels).step_by(L::LANES) {
            let mut lines = [[L::zero(); OUTPUT]; INPUT];
            for (line, to) in lines.iter_mut().enumerate() {
                let mut m = [L::zero(); INPUT];
                for (column, m) in m.iter_mut().enumerate() {
                    *m = L::load(
                        tile.from
                            .add((line * INPUT + column) * tile.plane + channel),
                    );
                }
                *to = outputs::<V, L>(m);
            }
            for column in 0..OUTPUT {
                let mut m = [L::zero(); INPUT];
                for (m, line) in m.iter_mut().zip(&lines) {
                    *m = line[column];
                }
                for (line, value) in outputs::<V, L>(m).into_iter().enumerate() {
                    L::store(
                        value,
                        tile.to
                            .add((line * OUTPUT + column) * tile.stride + channel),
                    );
                }
            }
        }
    }
}

/// x·factor + y.
///
/// # Safety
/// The instruction set of `L` must be enabled in the caller.
#[inline(always)]
unsafe fn scaled<V: Copy, L: Lanes<f32, Sum = V, Factor = V>>(x: V, factor: f32, y: V) -> V {
    // SAFETY: the caller's; a number is readable where it lies.
    unsafe { L::multiply_add(x, L::splat(&raw const factor), y) }
}

/// Bᵀ·d; a row is the polynomial through all points but its own.
///
/// # Safety
/// As [`scaled`].
#[inline(always)]
unsafe fn inputs<V: Copy, L: Lanes<f32, Sum = V, Factor = V>>(d: [V; INPUT]) -> [V; INPUT] {
    // SAFETY: the caller's.
    unsafe {
        let near_even = scaled::<V, L>(d[2], -2.0, d[4]);
        let near_odd = scaled::<V, L>(d[1], -2.0, d[3]);
        let far_even = scaled::<V, L>(d[2], -0.5, d[4]);
        let far_odd = scaled::<V, L>(d[1], -0.5, d[3]);
        [
            scaled::<V, L>(d[2], -2.5, scaled::<V, L>(d[0], 1.0, d[4])),
            scaled::<V, L>(near_odd, FRAC_1_SQRT_2, near_even),
            scaled::<V, L>(near_odd, -FRAC_1_SQRT_2, near_even),
            scaled::<V, L>(far_odd, SQRT_2, far_even),
            scaled::<V, L>(far_odd, -SQRT_2, far_even),
            scaled::<V, L>(d[3], -2.5, scaled::<V, L>(d[1], 1.0, d[5])),
        ]
    }
}

/// Aᵀ·m; a row is a power of all points.
///
/// # Safety
/// As [`scaled`].
#[inline(always)]
unsafe fn outputs<V: Copy, L: Lanes<f32, Sum = V, Factor = V>>(m: [V; INPUT]) -> [V; OUTPUT] {
    const NEAR_CUBED: f32 = 0.5 * FRAC_1_SQRT_2;
    const FAR_CUBED: f32 = 2.0 * SQRT_2;
    // SAFETY: the caller's.
    unsafe {
        let near = scaled::<V, L>(m[1], 1.0, m[2]);
        let near_odd = scaled::<V, L>(m[2], -1.0, m[1]);
        let far = scaled::<V, L>(m[3], 1.0, m[4]);
        let far_odd = scaled::<V, L>(m[4], -1.0, m[3]);
        let zero = L::zero();
        [
            scaled::<V, L>(near, 1.0, scaled::<V, L>(far, 1.0, m[0])),
            scaled::<V, L>(
                near_odd,
                FRAC_1_SQRT_2,
                scaled::<V, L>(far_odd, SQRT_2, zero),
            ),
            scaled::<V, L>(near, 0.5, scaled::<V, L>(far, 2.0, zero)),
            scaled::<V, L>(
                near_odd,
                NEAR_CUBED,
                scaled::<V, L>(far_odd, FAR_CUBED, m[5]),
            ),
        ]
    }
}
