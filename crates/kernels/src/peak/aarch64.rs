//! NEON: processors with four pipes and a latency of four need 16 chains; there are 32 registers.

#![allow(unsafe_code, reason = "vector instructions")]

use std::{
    arch::aarch64::{vdupq_n_f32, vfmaq_f32},
    hint::black_box,
};

use super::{Chains, chains};

pub(super) const NEON: Chains = Chains {
    run: neon,
    operations: 2 * 24 * 4,
};

#[target_feature(enable = "neon")]
fn neon(rounds: usize) {
    let factor = vdupq_n_f32(black_box(0.5));
    chains!(rounds, 24, vdupq_n_f32(0.0), |sum| vfmaq_f32(
        sum, factor, factor
    ));
}
