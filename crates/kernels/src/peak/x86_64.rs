//! Twelve chains cover two pipes with a latency of six; AVX2 has no registers for more.

#![allow(
    unsafe_code,
    reason = "inline assembly; vectors of pairs and of floats are the same bits"
)]

use std::{
    arch::{
        asm,
        x86_64::{
            __m512bh, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm512_dpbf16_ps,
            _mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps,
        },
    },
    hint::black_box,
};

use super::{Chains, chains};

pub(super) const AVX2: Chains = Chains {
    run: avx2,
    operations: 2 * 12 * 8,
};
pub(super) const AVX512: Chains = Chains {
    run: avx512,
    operations: 2 * 12 * 16,
};
pub(super) const AVX512_BF16: Chains = Chains {
    run: avx512_bf16,
    operations: 2 * 12 * 32,
};
/// Four tiles of 16 × 16 sums, each with a depth of 32: the latency of 52 cycles is that of three and a quarter instructions.
pub(super) const AMX: Chains = Chains {
    run: amx,
    operations: 2 * 4 * 16 * 16 * 32,
};

#[target_feature(enable = "avx2,fma")]
fn avx2(rounds: usize) {
    let factor = _mm256_set1_ps(black_box(0.5));
    chains!(rounds, 12, _mm256_setzero_ps(), |sum| _mm256_fmadd_ps(
        factor, factor, sum
    ));
}

#[target_feature(enable = "avx512f")]
fn avx512(rounds: usize) {
    let factor = _mm512_set1_ps(black_box(0.5));
    chains!(rounds, 12, _mm512_setzero_ps(), |sum| _mm512_fmadd_ps(
        factor, factor, sum
    ));
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn avx512_bf16(rounds: usize) {
    let bits = _mm512_set1_ps(black_box(0.5));
    // SAFETY: both are 64 bytes without invalid values; the pairs are 0.5 and 0.
    let pairs: __m512bh = unsafe { std::mem::transmute(bits) };
    chains!(rounds, 12, _mm512_setzero_ps(), |sum| _mm512_dpbf16_ps(
        sum, pairs, pairs
    ));
}

/// # Safety
/// The processor has AMX, and this thread has configured its tiles as 16 rows of 64 bytes.
unsafe fn amx(rounds: usize) {
    // SAFETY: the caller's; only tile registers change.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "tilezero tmm4",
            "tilezero tmm5",
            options(nostack, nomem),
        );
        for _ in 0..rounds {
            asm!(
                "tdpbf16ps tmm0, tmm4, tmm5",
                "tdpbf16ps tmm1, tmm4, tmm5",
                "tdpbf16ps tmm2, tmm4, tmm5",
                "tdpbf16ps tmm3, tmm4, tmm5",
                options(nostack, nomem),
            );
        }
    }
}
