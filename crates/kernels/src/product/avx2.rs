//! AVX2 with FMA: 16 registers hold six rows by two vectors of eight, or four rows where pairs are split.

#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m256, __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_slli_epi32,
    _mm256_storeu_ps,
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

// SAFETY: every method reads or writes what the trait says and is called only with AVX2 and FMA enabled.
unsafe impl Lanes<f32> for Floats {
    type Sum = __m256;
    type Factor = __m256;
    const LANES: usize = 8;
    const GROUP: usize = 1;

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_set1_ps(*from) }
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const f32) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_set1_ps(*from) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: __m256, b: __m256, sum: __m256) -> __m256 {
        // SAFETY: the caller's.
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }
    #[inline(always)]
    unsafe fn store(sum: __m256, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { _mm256_storeu_ps(to, sum) }
    }
}

// SAFETY: as above.
unsafe impl SplitPairs for Floats {
    #[inline(always)]
    unsafe fn splat_pair(pair: u32) -> [__m256; 2] {
        // SAFETY: the caller's.
        unsafe { split(_mm256_set1_epi32(pair as i32)) }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const bf16) -> [__m256; 2] {
        // SAFETY: the caller's.
        unsafe { split(_mm256_loadu_si256(from.cast())) }
    }
}

/// # Safety
/// AVX2 must be enabled in the caller.
#[inline(always)]
unsafe fn split(pairs: __m256i) -> [__m256; 2] {
    // SAFETY: the caller's.
    unsafe {
        let odd = _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff_0000_u32 as i32));
        [
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs)),
            _mm256_castsi256_ps(odd),
        ]
    }
}

/// # Safety
/// As [`Tile`] says; the processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn product_f32(tile: &Tile<f32>, out: *mut f32) {
    tile_of_rows!(tile, out, Floats, 2, 1 2 3 4 5 6);
}

/// # Safety
/// As [`Tile`] says; the processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn product_bf16(tile: &Tile<bf16>, out: *mut f32) {
    tile_of_rows!(tile, out, Pairs<Floats>, 2, 1 2 3 4);
}

/// # Safety
/// As [`Strip`] says; the processor has the instruction set.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn strip(strip: &Strip) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { strip::strip::<Floats>(strip) }
}

/// # Safety
/// As [`transforms::Input`] says; the processor has the instruction set.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn transform_f32<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<f32>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Floats, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Input`] says; the processor has the instruction set.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn transform_bf16<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<bf16>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Widened<Floats>, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Output`] says; the processor has the instruction set.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn transform_output<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Output,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::output::<Floats, F, _, _>(tile) }
}
