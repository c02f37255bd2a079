//! The transforms of Winograd's convolutions, written over [`Lanes`] as the products are: F(4×4, 3×3) for f32 and F(2×2, 3×3) for bf16.

#![allow(unsafe_code, reason = "pointers to channels, promised by the caller")]

mod channels;
mod filters;
mod kernels;

use half::bf16;

#[cfg(target_arch = "aarch64")]
use super::neon;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use super::{lanes::Lanes, lines::Line, portable};
use crate::{
    Element,
    instructions::{InstructionSet, Instructions},
};

pub(crate) use channels::{Channels, Widened};
pub(crate) use filters::{Filter, FourByFour, TwoByTwo, Vectors};
pub(crate) use kernels::Kernels;
use kernels::Transform;

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

    /// G·g·Gᵀ of 3×3 kernels, which are lines `[group][tap]` of words of `group` depths, as lines `[value][group]`.
    pub(crate) fn kernels<'a>(
        &'a self,
        instructions: Instructions,
        group: usize,
        lines: &'a [Line],
        room: &'a mut Kernels,
    ) -> &'a [Line] {
        instructions.run(Transform {
            transforms: self,
            group,
            lines,
            room,
        })
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
