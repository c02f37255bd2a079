//! NEON: 32 registers of four hold six rows by four vectors.

#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::aarch64::{
    float32x4_t, uint32x4_t, vandq_u32, vdupq_n_f32, vdupq_n_u32, vfmaq_f32, vld1q_f32, vld1q_u32,
    vreinterpretq_f32_u32, vshlq_n_u32, vst1q_f32,
};

use half::bf16;

use super::{
    lanes::{Lanes, tile_of_rows},
    microkernel::Tile,
    strip::{self, Strip},
    transforms,
};

/// Rows and columns.
pub(crate) const TILE_F32: (usize, usize) = (6, 16);
/// Rows and columns.
pub(crate) const TILE_BF16: (usize, usize) = (4, 16);

#[derive(Clone, Copy)]
struct Floats;

// SAFETY: every method reads or writes what the trait says; NEON is part of the architecture's baseline.
unsafe impl Lanes<f32> for Floats {
    type Sum = float32x4_t;
    type Factor = float32x4_t;
    const LANES: usize = 4;
    const GROUP: usize = 1;

    #[inline(always)]
    unsafe fn zero() -> float32x4_t {
        unsafe { vdupq_n_f32(0.0) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> float32x4_t {
        unsafe { vdupq_n_f32(*from) }
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const f32) -> float32x4_t {
        unsafe { vdupq_n_f32(*from) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: float32x4_t, b: float32x4_t, sum: float32x4_t) -> float32x4_t {
        unsafe { vfmaq_f32(sum, a, b) }
    }
    #[inline(always)]
    unsafe fn store(sum: float32x4_t, to: *mut f32) {
        unsafe { vst1q_f32(to, sum) }
    }
}

/// Pairs as two vectors of `f32`: the even elements and the odd.
#[derive(Clone, Copy)]
struct SplitPairs;

impl SplitPairs {
    #[inline(always)]
    unsafe fn split(pairs: uint32x4_t) -> [float32x4_t; 2] {
        unsafe {
            [
                vreinterpretq_f32_u32(vshlq_n_u32::<16>(pairs)),
                vreinterpretq_f32_u32(vandq_u32(pairs, vdupq_n_u32(0xffff_0000))),
            ]
        }
    }
}

// SAFETY: as above.
unsafe impl Lanes<bf16> for SplitPairs {
    type Sum = float32x4_t;
    type Factor = [float32x4_t; 2];
    const LANES: usize = 4;
    const GROUP: usize = 2;

    #[inline(always)]
    unsafe fn zero() -> float32x4_t {
        unsafe { vdupq_n_f32(0.0) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const bf16) -> [float32x4_t; 2] {
        unsafe { Self::split(vdupq_n_u32(from.cast::<u32>().read_unaligned())) }
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const bf16) -> [float32x4_t; 2] {
        unsafe { Self::split(vdupq_n_u32(u32::from((*from).to_bits()))) }
    }
    #[inline(always)]
    unsafe fn load(from: *const bf16) -> [float32x4_t; 2] {
        unsafe { Self::split(vld1q_u32(from.cast())) }
    }
    #[inline(always)]
    unsafe fn multiply_add(
        a: [float32x4_t; 2],
        b: [float32x4_t; 2],
        sum: float32x4_t,
    ) -> float32x4_t {
        unsafe { vfmaq_f32(vfmaq_f32(sum, a[0], b[0]), a[1], b[1]) }
    }
    #[inline(always)]
    unsafe fn store(sum: float32x4_t, to: *mut f32) {
        unsafe { vst1q_f32(to, sum) }
    }
}

/// # Safety
/// As [`Tile`] says.
pub(crate) unsafe fn product_f32(tile: &Tile<f32>, out: *mut f32) {
    tile_of_rows!(tile, out, Floats, 4, 1 2 3 4 5 6);
}

/// # Safety
/// As [`Tile`] says.
pub(crate) unsafe fn product_bf16(tile: &Tile<bf16>, out: *mut f32) {
    tile_of_rows!(tile, out, SplitPairs, 4, 1 2 3 4);
}

/// # Safety
/// As [`Strip`] says.
pub(crate) unsafe fn strip(strip: &Strip) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { strip::strip::<Floats>(strip) }
}

/// # Safety
/// As [`transforms::Input`] says.
pub(crate) unsafe fn transform_input(tile: &transforms::Input) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Floats>(tile) }
}

/// # Safety
/// As [`transforms::Output`] says.
pub(crate) unsafe fn transform_output(tile: &transforms::Output) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::output::<_, Floats>(tile) }
}
