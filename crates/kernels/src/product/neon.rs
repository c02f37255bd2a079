//! NEON: 32 registers of four hold six rows by four vectors.

#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::aarch64::{
    float32x4_t, uint32x4_t, vandq_u32, vdupq_n_f32, vdupq_n_u32, vfmaq_f32, vld1q_f32, vld1q_u32,
    vreinterpretq_f32_u32, vshlq_n_u32, vst1q_f32,
};

use half::bf16;

use super::{
    lanes::{Lanes, Pairs, SplitPairs, tile_of_rows},
    microkernel::Tile,
    strip::{self, Strip},
    transforms::{self, Filter, Widened},
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
        // SAFETY: the caller's.
        unsafe { vdupq_n_f32(0.0) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> float32x4_t {
        // SAFETY: the caller's.
        unsafe { vdupq_n_f32(*from) }
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const f32) -> float32x4_t {
        // SAFETY: the caller's.
        unsafe { vdupq_n_f32(*from) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        // SAFETY: the caller's.
        unsafe { vld1q_f32(from) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: float32x4_t, b: float32x4_t, sum: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's.
        unsafe { vfmaq_f32(sum, a, b) }
    }
    #[inline(always)]
    unsafe fn store(sum: float32x4_t, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { vst1q_f32(to, sum) }
    }
}

// SAFETY: as above.
unsafe impl SplitPairs for Floats {
    #[inline(always)]
    unsafe fn splat_pair(pair: u32) -> [float32x4_t; 2] {
        // SAFETY: the caller's.
        unsafe { split(vdupq_n_u32(pair)) }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const bf16) -> [float32x4_t; 2] {
        // SAFETY: the caller's.
        unsafe { split(vld1q_u32(from.cast())) }
    }
}

/// # Safety
/// NEON must be enabled in the caller.
#[inline(always)]
unsafe fn split(pairs: uint32x4_t) -> [float32x4_t; 2] {
    // SAFETY: the caller's.
    unsafe {
        let odd = vandq_u32(pairs, vdupq_n_u32(0xffff_0000));
        [
            vreinterpretq_f32_u32(vshlq_n_u32::<16>(pairs)),
            vreinterpretq_f32_u32(odd),
        ]
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
    tile_of_rows!(tile, out, Pairs<Floats>, 4, 1 2 3 4);
}

/// # Safety
/// As [`Strip`] says.
pub(crate) unsafe fn strip(strip: &Strip) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { strip::strip::<Floats>(strip) }
}

/// # Safety
/// As [`transforms::Input`] says.
pub(crate) unsafe fn transform_f32<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<f32>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Floats, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Input`] says.
pub(crate) unsafe fn transform_bf16<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<bf16>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Widened<Floats>, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Output`] says.
pub(crate) unsafe fn transform_output<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Output,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::output::<Floats, F, _, _>(tile) }
}
