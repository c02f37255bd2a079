//! The transforms of Winograd's convolutions, written over [`Lanes`] as the products are: F(4×4, 3×3) for f32 and F(2×2, 3×3) for bf16.

#![allow(unsafe_code, reason = "pointers to channels, promised by the caller")]

mod channels;
mod filters;

use half::bf16;

#[cfg(target_arch = "aarch64")]
use super::neon;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use super::{lanes::Lanes, portable};
use crate::{
    Element,
    instructions::{InstructionSet, Instructions},
};

pub(crate) use channels::{Channels, Widened};
pub(crate) use filters::{Filter, FourByFour, TwoByTwo, Vectors};

/// Values of the largest tile.
pub(crate) const MOST_VALUES: usize = 36;
/// Pixels of the largest tile's output along a side.
pub(crate) const MOST_SIDE: usize = 4;

/// A tile's input to as many values a channel.
///
/// A call's promise: as many of `pixels` as the tile has, line by line, have `channels` readable elements, a multiple of 16; value `i` of
/// channel `c` goes to `to[i * plane + c]`.
pub(crate) struct Input<T> {
    pub pixels: [*const T; MOST_VALUES],
    pub channels: usize,
    pub to: *mut T,
    pub plane: usize,
}

/// A tile's products to its output.
///
/// A call's promise: product `i` of channel `c` is at `from[i * plane + c]`; pixel `x` of line `y` goes to
/// `to[y * line + x * stride + c]`; there are `channels`, a multiple of the vectors' lanes.
pub(crate) struct Output {
    pub from: *const f32,
    pub plane: usize,
    pub channels: usize,
    pub to: *mut f32,
    pub line: usize,
    pub stride: usize,
}

/// The filter that an element type is convolved with, by an instruction set.
#[derive(Debug, Clone, Copy)]
pub struct Transforms<T> {
    /// Pixels of a tile's output along a side.
    pub(crate) side: usize,
    /// Convolutions of fewer channels spend too much of their time here.
    pub(crate) fewest_channels: usize,
    /// G.
    kernel: &'static [[f64; 3]],
    pub(crate) input: unsafe fn(&Input<T>),
    pub(crate) output: unsafe fn(&Output),
}

impl Transforms<f32> {
    pub(crate) fn f32(instructions: Instructions) -> Self {
        let input = match instructions.set() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 | InstructionSet::Avx512Bf16 | InstructionSet::Amx => {
                avx512::transform_f32::<FourByFour, _, _>
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => avx2::transform_f32::<FourByFour, _, _>,
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => neon::transform_f32::<FourByFour, _, _>,
            _ => portable::transform_f32::<FourByFour, _, _>,
        };
        Self::new::<FourByFour, _, _>(instructions, input, 16)
    }
}

impl Transforms<bf16> {
    pub(crate) fn bf16(instructions: Instructions) -> Self {
        let input = match instructions.set() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512Bf16 | InstructionSet::Amx => {
                avx512::transform_bf16::<TwoByTwo, _, _>
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => avx512::transform_bf16_split::<TwoByTwo, _, _>,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => avx2::transform_bf16::<TwoByTwo, _, _>,
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => neon::transform_bf16::<TwoByTwo, _, _>,
            _ => portable::transform_bf16::<TwoByTwo, _, _>,
        };
        // Measured beside the direct sum: 1.0 times as fast for 16 channels, 1.2 for 32, 1.5 for 64, 1.9 from 192 on, by all sets alike.
        // AMX, whose products take an eighth of the time, could not be measured.
        let fewest_channels = match instructions.set() {
            InstructionSet::Amx => usize::MAX,
            _ => 64,
        };
        Self::new::<TwoByTwo, _, _>(instructions, input, fewest_channels)
    }
}

impl<T: Element> Transforms<T> {
    fn new<F: Filter<OUTPUT, INPUT>, const OUTPUT: usize, const INPUT: usize>(
        instructions: Instructions,
        input: unsafe fn(&Input<T>),
        fewest_channels: usize,
    ) -> Self {
        const { assert!(OUTPUT <= MOST_SIDE && INPUT == OUTPUT + 2) };
        let output = match instructions.set() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 | InstructionSet::Avx512Bf16 | InstructionSet::Amx => {
                avx512::transform_output::<F, _, _>
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => avx2::transform_output::<F, _, _>,
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => neon::transform_output::<F, _, _>,
            _ => portable::transform_output::<F, _, _>,
        };
        Self {
            side: OUTPUT,
            fewest_channels,
            kernel: &F::KERNEL,
            input,
            output,
        }
    }

    /// Pixels of a tile's input along a side.
    pub(crate) fn input_side(&self) -> usize {
        self.kernel.len()
    }

    /// Values of a tile.
    pub(crate) fn values(&self) -> usize {
        self.input_side() * self.input_side()
    }

    /// G·g·Gᵀ for 3×3 kernels `[count, 9]`, each of the values to a slice of its own; in f64 until the end.
    pub(crate) fn kernels(&self, kernels: &[T], to: &mut [&mut [T]]) {
        let count = kernels.len() / 9;
        let side = self.input_side();
        let mut taps = vec![0.0; 9 * count];
        for (tap, line) in taps.chunks_exact_mut(count).enumerate() {
            for (to, from) in line.iter_mut().zip(kernels[tap..].iter().step_by(9)) {
                *to = f64::from(from.to_f32());
            }
        }
        let mut lines = vec![0.0; 3 * side * count];
        for (line, taps) in lines
            .chunks_exact_mut(side * count)
            .zip(taps.chunks_exact(3 * count))
        {
            for (row, to) in self.kernel.iter().zip(line.chunks_exact_mut(count)) {
                weigh(row, [0, 1, 2].map(|tap| &taps[tap * count..][..count]), to);
            }
        }
        let mut sums = vec![0.0; count];
        for (index, to) in to.iter_mut().enumerate() {
            let (row, column) = (index / side, index % side);
            let from = [0, 1, 2].map(|line| &lines[(line * side + column) * count..][..count]);
            weigh(&self.kernel[row], from, &mut sums);
            for (to, sum) in to.iter_mut().zip(&sums) {
                *to = T::from_f32(*sum as f32);
            }
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
/// As [`Input`] says, and the instruction set of `C` must be enabled in the caller.
#[inline(always)]
pub(crate) unsafe fn input<T, C, F, const OUTPUT: usize, const INPUT: usize>(tile: &Input<T>)
where
    C: Channels<T>,
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's promise covers every pointer below.
    unsafe {
        for channel in (0..tile.channels).step_by(C::Lanes::LANES) {
            let mut lines = [[C::Lanes::zero(); INPUT]; INPUT];
            for (line, to) in lines.iter_mut().enumerate() {
                let mut d = [C::Lanes::zero(); INPUT];
                for (column, d) in d.iter_mut().enumerate() {
                    *d = C::read(tile.pixels[line * INPUT + column].add(channel));
                }
                *to = F::inputs::<C::Lanes>(d);
            }
            for column in 0..INPUT {
                let mut d = [C::Lanes::zero(); INPUT];
                for (d, line) in d.iter_mut().zip(&lines) {
                    *d = line[column];
                }
                for (line, value) in F::inputs::<C::Lanes>(d).into_iter().enumerate() {
                    let to = (line * INPUT + column) * tile.plane + channel;
                    C::write(value, tile.to.add(to));
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
pub(crate) unsafe fn output<L, F, const OUTPUT: usize, const INPUT: usize>(tile: &Output)
where
    L: Vectors,
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's promise covers every pointer below.
    unsafe {
        for channel in (0..tile.channels).step_by(L::LANES) {
            let mut lines = [[L::zero(); OUTPUT]; INPUT];
            for (line, to) in lines.iter_mut().enumerate() {
                let mut m = [L::zero(); INPUT];
                for (column, m) in m.iter_mut().enumerate() {
                    let from = (line * INPUT + column) * tile.plane + channel;
                    *m = L::load(tile.from.add(from));
                }
                *to = F::outputs::<L>(m);
            }
            for column in 0..OUTPUT {
                let mut m = [L::zero(); INPUT];
                for (m, line) in m.iter_mut().zip(&lines) {
                    *m = line[column];
                }
                for (line, value) in F::outputs::<L>(m).into_iter().enumerate() {
                    let to = line * tile.line + column * tile.stride + channel;
                    L::store(value, tile.to.add(to));
                }
            }
        }
    }
}
