//! Four neighbouring pixels of a depthwise 3×3 convolution. It is here because it is written over [`Lanes`], as the products are:
//! left to the compiler, loops over arrays of pixels kept their sums in memory and ran ten times slower.

#![allow(unsafe_code, reason = "pointers to channels, promised by the caller")]

use super::lanes::Lanes;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::instructions::{InstructionSet, Instructions};

/// Output pixels computed together.
pub(crate) const PIXELS: usize = 4;
/// Input pixels of a line that they need.
pub(crate) const REACH: usize = PIXELS + 2;
/// Channels whose weights lie together.
pub(crate) const BLOCK: usize = 16;

/// What one call computes.
///
/// A call's promise: every pointer of `pixels` has `channels` readable elements, `weights` has `[blocks][9][BLOCK]` and `sums` room for
/// `[PIXELS][stride]`, where `blocks` times [`BLOCK`] is `channels`, and `stride` is at least that.
pub(crate) struct Strip {
    pub pixels: [[*const f32; REACH]; 3],
    pub weights: *const f32,
    pub channels: usize,
    pub sums: *mut f32,
    pub stride: usize,
}

/// Computes a strip.
pub(crate) type Function = unsafe fn(&Strip);

/// The one for these instructions.
pub(crate) fn function(instructions: Instructions) -> Function {
    match instructions.set() {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 | InstructionSet::Avx512Bf16 | InstructionSet::Amx => avx512::strip,
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => avx2::strip,
        #[cfg(target_arch = "aarch64")]
        InstructionSet::Neon => neon::strip,
        _ => portable::strip,
    }
}

/// # Safety
/// As [`Strip`] says, and the instruction set of `L` must be enabled in the caller.
#[inline(always)]
pub(crate) unsafe fn strip<L: Lanes<f32>>(strip: &Strip) {
    // SAFETY: the caller's promise covers every pointer below.
    unsafe {
        for channel in (0..strip.channels).step_by(L::LANES) {
            let block = channel / BLOCK * 9 * BLOCK + channel % BLOCK;
            let weights = strip.weights.add(block);
            let (mut a, mut b, mut c, mut d) = (L::zero(), L::zero(), L::zero(), L::zero());
            for line in 0..3 {
                let [left, middle, right] = [0, 1, 2].map(|tap| (3 * line + tap) * BLOCK);
                let left = L::load(weights.add(left));
                let middle = L::load(weights.add(middle));
                let right = L::load(weights.add(right));
                let pixels = &strip.pixels[line];
                let x = L::load(pixels[0].add(channel));
                a = L::multiply_add(x, left, a);
                let x = L::load(pixels[1].add(channel));
                a = L::multiply_add(x, middle, a);
                b = L::multiply_add(x, left, b);
                let x = L::load(pixels[2].add(channel));
                a = L::multiply_add(x, right, a);
                b = L::multiply_add(x, middle, b);
                c = L::multiply_add(x, left, c);
                let x = L::load(pixels[3].add(channel));
                b = L::multiply_add(x, right, b);
                c = L::multiply_add(x, middle, c);
                d = L::multiply_add(x, left, d);
                let x = L::load(pixels[4].add(channel));
                c = L::multiply_add(x, right, c);
                d = L::multiply_add(x, middle, d);
                let x = L::load(pixels[5].add(channel));
                d = L::multiply_add(x, right, d);
            }
            let sums = strip.sums.add(channel);
            L::store(a, sums);
            L::store(b, sums.add(strip.stride));
            L::store(c, sums.add(2 * strip.stride));
            L::store(d, sums.add(3 * strip.stride));
        }
    }
}
