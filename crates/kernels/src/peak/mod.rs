//! The most that one thread can do: multiply-adds from register to register, with neither memory nor a dependency to wait for.
//! Benchmarks print what they measure as a share of it.

#![allow(
    unsafe_code,
    reason = "calls functions compiled for the instruction set that was found"
)]

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::time::{Duration, Instant};

use half::bf16;

use crate::{Element, InstructionSet, Instructions};

/// What is multiplied; sums are `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factors {
    /// `f32`.
    F32,
    /// `bf16`; where no instruction multiplies these, they become `f32` first, and the peak is that of `f32`.
    Bf16,
}

/// Independent chains of multiply-adds: more than are in flight at a time.
struct Chains {
    /// Takes the number of rounds. Safe where the processor has the instructions it was chosen for.
    run: unsafe fn(usize),
    /// Operations in a round, a multiplication and an addition being two.
    operations: usize,
}

impl Chains {
    fn new(instructions: Instructions, factors: Factors) -> Self {
        match (instructions.set(), factors) {
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Amx, Factors::Bf16) => x86_64::AMX,
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx512Bf16, Factors::Bf16) => x86_64::AVX512_BF16,
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Amx | InstructionSet::Avx512Bf16 | InstructionSet::Avx512, _) => {
                x86_64::AVX512
            }
            #[cfg(target_arch = "x86_64")]
            (InstructionSet::Avx2, _) => x86_64::AVX2,
            #[cfg(target_arch = "aarch64")]
            (InstructionSet::Neon, _) => aarch64::NEON,
            _ => portable::PORTABLE,
        }
    }
}

/// Operations that are timed together: a fraction of a millisecond, shorter than what a scheduler interrupts.
const TIMED: usize = 20_000_000;
/// How long to look for the fastest.
const PATIENCE: Duration = Duration::from_millis(60);

/// GFLOP/s of this thread, measured for 60 milliseconds.
pub fn peak_gflops(instructions: Instructions, factors: Factors) -> f64 {
    // Readies the tile registers where there are any.
    let kernel = bf16::microkernel(instructions);
    let _session = kernel.session();
    let Chains { run, operations } = Chains::new(instructions, factors);
    let rounds = TIMED / operations;
    let begin = Instant::now();
    let mut fastest = f64::INFINITY;
    while begin.elapsed() < PATIENCE {
        let begin = Instant::now();
        // SAFETY: the chains were chosen by `instructions`, which exist only if the processor has them.
        unsafe { run(rounds) }
        fastest = fastest.min(begin.elapsed().as_secs_f64());
    }
    (rounds * operations) as f64 / fastest / 1e9
}

/// Runs `$step` on each of `$count` sums that start as `$zero`, round after round.
macro_rules! chains {
    ($rounds:expr, $count:literal, $zero:expr, |$sum:ident| $step:expr) => {{
        // The compiler must not know that the chains are alike.
        let mut sums = std::hint::black_box([$zero; $count]);
        for _ in 0..$rounds {
            for sum in &mut sums {
                let $sum = *sum;
                *sum = $step;
            }
        }
        std::hint::black_box(sums);
    }};
}
use chains;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_has_a_peak_and_bf16_is_not_far_below_f32() {
        for instructions in Instructions::available() {
            let [f32, bf16] =
                [Factors::F32, Factors::Bf16].map(|factors| peak_gflops(instructions, factors));
            assert!(
                f32.is_finite() && f32 > 0.1,
                "{}: {f32}",
                instructions.set()
            );
            // Processors with AMX make half of f32's with AVX-512's products of bf16, and the machine may have been busy with something else.
            assert!(
                bf16 > 0.25 * f32,
                "{}: {bf16} and {f32}",
                instructions.set()
            );
        }
    }
}
