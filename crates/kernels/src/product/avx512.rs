//! AVX-512: 14 rows by two vectors of 16 leave 28 of 32 registers for sums, two for the panel and one for the row.

#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m256i, __m512, __m512bh, __m512i, __mmask16, _mm256_loadu_si256, _mm256_storeu_si256,
    _mm512_and_si512, _mm512_castsi512_ps, _mm512_cvtepu16_epi32, _mm512_cvtne2ps_pbh,
    _mm512_cvtneps_pbh, _mm512_dpbf16_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_storeu_epi16, _mm512_maskz_loadu_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_slli_epi32, _mm512_storeu_ps,
};

use half::bf16;

use super::{
    lanes::{Lanes, Pairs, SplitPairs, tile_of_rows},
    microkernel::Tile,
    strip::{self, Strip},
    transforms::{self, Channels, Filter, Widened},
};

/// Rows and columns.
pub(crate) const TILE: (usize, usize) = (14, 32);
/// Pairs split into two vectors take twice the registers for the panel and the row.
pub(crate) const TILE_SPLIT: (usize, usize) = (12, 32);

#[derive(Clone, Copy)]
struct Floats;

// SAFETY: every method reads or writes what the trait says and is called only with AVX-512 enabled.
unsafe impl Lanes<f32> for Floats {
    type Sum = __m512;
    type Factor = __m512;
    const LANES: usize = 16;
    const GROUP: usize = 1;

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_set1_ps(*from) }
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const f32) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_set1_ps(*from) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }
    #[inline(always)]
    unsafe fn store(sum: __m512, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { _mm512_storeu_ps(to, sum) }
    }
}

// SAFETY: as above.
unsafe impl SplitPairs for Floats {
    #[inline(always)]
    unsafe fn splat_pair(pair: u32) -> [__m512; 2] {
        // SAFETY: the caller's.
        unsafe { split(_mm512_set1_epi32(pair as i32)) }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const bf16) -> [__m512; 2] {
        // SAFETY: the caller's.
        unsafe { split(_mm512_loadu_si512(from.cast())) }
    }
}

/// # Safety
/// AVX-512 must be enabled in the caller.
#[inline(always)]
unsafe fn split(pairs: __m512i) -> [__m512; 2] {
    // SAFETY: the caller's.
    unsafe {
        let odd = _mm512_and_si512(pairs, _mm512_set1_epi32(0xffff_0000_u32 as i32));
        [
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(pairs)),
            _mm512_castsi512_ps(odd),
        ]
    }
}

/// Pairs multiplied by the processor's own instruction.
#[derive(Clone, Copy)]
struct NativePairs;

// SAFETY: as above, with AVX512-BF16 enabled; vectors of 32-bit groups and of pairs are the same bits.
unsafe impl Lanes<bf16> for NativePairs {
    type Sum = __m512;
    type Factor = __m512bh;
    const LANES: usize = 16;
    const GROUP: usize = 2;

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_setzero_ps() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const bf16) -> __m512bh {
        // SAFETY: the caller's.
        unsafe { std::mem::transmute(_mm512_set1_epi32(from.cast::<i32>().read_unaligned())) }
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const bf16) -> __m512bh {
        // SAFETY: the caller's.
        unsafe { std::mem::transmute(_mm512_set1_epi32(i32::from((*from).to_bits()))) }
    }
    #[inline(always)]
    unsafe fn load(from: *const bf16) -> __m512bh {
        // SAFETY: the caller's.
        unsafe { std::mem::transmute(_mm512_loadu_si512(from.cast())) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: __m512bh, b: __m512bh, sum: __m512) -> __m512 {
        // SAFETY: the caller's.
        unsafe { _mm512_dpbf16_ps(sum, a, b) }
    }
    #[inline(always)]
    unsafe fn store(sum: __m512, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { _mm512_storeu_ps(to, sum) }
    }
}

// SAFETY: sixteen elements are read or written, with AVX512-BF16 enabled.
unsafe impl Channels<bf16> for NativePairs {
    type Lanes = Floats;

    #[inline(always)]
    unsafe fn read(from: *const bf16) -> __m512 {
        // SAFETY: the caller's.
        unsafe {
            let bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))
        }
    }
    #[inline(always)]
    unsafe fn write(channels: __m512, to: *mut bf16) {
        // SAFETY: the caller's; vectors of bf16 and of integers are the same bits.
        unsafe {
            let rounded: __m256i = std::mem::transmute(_mm512_cvtneps_pbh(channels));
            _mm256_storeu_si256(to.cast(), rounded);
        }
    }
}

/// # Safety
/// As [`Tile`] says; the processor has AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) unsafe fn product_f32(tile: &Tile<f32>, out: *mut f32) {
    tile_of_rows!(tile, out, Floats, 2, 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
}

/// # Safety
/// As [`Tile`] says; the processor has AVX-512 with bf16.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
pub(crate) unsafe fn product_bf16(tile: &Tile<bf16>, out: *mut f32) {
    tile_of_rows!(tile, out, NativePairs, 2, 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
}

/// # Safety
/// As [`Tile`] says; the processor has AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) unsafe fn product_bf16_split(tile: &Tile<bf16>, out: *mut f32) {
    tile_of_rows!(tile, out, Pairs<Floats>, 2, 1 2 3 4 5 6 7 8 9 10 11 12);
}

/// # Safety
/// As [`Strip`] says; the processor has the instruction set.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) unsafe fn strip(strip: &Strip) {
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { strip::strip::<Floats>(strip) }
}

/// # Safety
/// As [`transforms::Input`] says; the processor has the instruction set.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
pub(crate) unsafe fn transform_bf16<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<bf16>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, NativePairs, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Input`] says; the processor has the instruction set.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) unsafe fn transform_bf16_split<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Input<bf16>,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::input::<_, Widened<Floats>, F, _, _>(tile) }
}

/// # Safety
/// As [`transforms::Output`] says; the processor has the instruction set.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(crate) unsafe fn transform_output<F, const OUTPUT: usize, const INPUT: usize>(
    tile: &transforms::Output,
) where
    F: Filter<OUTPUT, INPUT>,
{
    // SAFETY: the caller's; the instruction set is enabled here.
    unsafe { transforms::output::<Floats, F, _, _>(tile) }
}

/// Rounds to bf16 by the processor's own instruction, 32 at a time; denormal numbers become zero.
///
/// # Safety
/// The processor has AVX-512 with bf16.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
pub(crate) unsafe fn narrow(line: &[f32], out: &mut [bf16]) {
    let count = line.len().min(out.len());
    let mut at = 0;
    while at < count {
        let left = (count - at).min(32);
        let mask = |count: usize| ((1_u32 << count.min(16)) - 1) as __mmask16;
        let (low, high) = (mask(left), mask(left.saturating_sub(16)));
        // SAFETY: the masks cover what is left of both slices; masked elements are neither read nor written.
        unsafe {
            let even = _mm512_maskz_loadu_ps(low, line.as_ptr().add(at));
            let odd = _mm512_maskz_loadu_ps(high, line.as_ptr().wrapping_add(at + 16));
            let pair: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(odd, even));
            let both = u32::from(low) | u32::from(high) << 16;
            _mm512_mask_storeu_epi16(out.as_mut_ptr().add(at).cast(), both, pair);
        }
        at += left;
    }
}
