//! Numbers to compute with, memory that notices a stray access, and what counts as equal.

use std::{fmt::Debug, ops::Deref};

use foil_kernels::{Element, bf16};

/// A type of activations, as tests see it.
pub trait Number: Element + Debug {
    /// A NaN that no arithmetic makes: it is a signalling one.
    const GUARD: Self;
    /// The most that storing changes a number, relative to it.
    const ROUNDING: f64;
    fn bits(self) -> u32;
}

impl Number for f32 {
    const GUARD: Self = f32::from_bits(0x7fa5_a5a5);
    const ROUNDING: f64 = 0.0;
    fn bits(self) -> u32 {
        self.to_bits()
    }
}

impl Number for bf16 {
    const GUARD: Self = bf16::from_bits(0x7fa5);
    /// Half of the distance from 1 to the next.
    const ROUNDING: f64 = 1.0 / 256.0;
    fn bits(self) -> u32 {
        u32::from(self.to_bits())
    }
}

/// Uniform in −0.75 … 1.25. With this mean long sums grow with their length, so that rounding errors stay small beside them.
pub fn values<T: Number>(length: usize, seed: u64) -> Vec<T> {
    let of = |index| T::from_f32((random(seed, index) >> 40) as f32 / 8_388_608.0 - 0.75);
    (0..length as u64).map(of).collect()
}

/// −1, 0 or 1: sums of a few hundred products are exact in every type.
pub fn integers<T: Number>(length: usize, seed: u64) -> Vec<T> {
    let of = |index| T::from_f32((random(seed, index) % 3) as f32 - 1.0);
    (0..length as u64).map(of).collect()
}

/// SplitMix64 of a counter.
fn random(seed: u64, index: u64) -> u64 {
    let mut z =
        (seed.wrapping_mul(0x1234_5677).wrapping_add(index)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub fn widened<T: Number>(values: &[T]) -> Vec<f64> {
    values
        .iter()
        .map(|value| f64::from(Element::to_f32(*value)))
        .collect()
}

pub fn bits<T: Number>(values: &[T]) -> Vec<u32> {
    values.iter().map(|value| value.bits()).collect()
}

/// Numbers between guards: what is read past either end is NaN, and what is written there is found.
///
/// The guards' odd length leaves the numbers less aligned than any vector. A sanitizer sees the ends only of allocations;
/// `tests/memory` removes the guards for it.
#[derive(Debug)]
pub struct Guarded<T> {
    memory: Box<[T]>,
    guard: usize,
}

impl<T: Number> Guarded<T> {
    pub fn new(values: &[T]) -> Self {
        let guard = if std::env::var_os("FOIL_TEST_UNGUARDED").is_some() {
            0
        } else {
            67
        };
        let guards = vec![T::GUARD; guard];
        let memory = [&guards, values, &guards].concat().into_boxed_slice();
        Self { memory, guard }
    }
}

impl<T> Deref for Guarded<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.guard..self.memory.len() - self.guard]
    }
}

/// What `write` leaves in its output, all of it and nothing else.
pub fn written<T: Number>(length: usize, write: impl FnOnce(&mut [T])) -> Vec<T> {
    let mut output = Guarded::new(&vec![T::GUARD; length]);
    let guard = output.guard;
    write(&mut output.memory[guard..guard + length]);
    let untouched = |value: &T| value.bits() == T::GUARD.bits();
    assert!(
        output.memory[..guard].iter().all(untouched),
        "written before the output"
    );
    assert!(
        output.memory[guard + length..].iter().all(untouched),
        "written behind the output"
    );
    assert!(
        !output.iter().any(untouched),
        "a part of the output was not written"
    );
    output.to_vec()
}

/// Errors of f32 sums relative to the largest sum, or to 1, the size of one product, where all sums are smaller.
pub const SUMMING: f64 = 1e-5;

pub fn assert_close<T: Number>(what: impl Debug, got: &[T], wanted: &[f64]) {
    assert_close_within(SUMMING, what, wanted, got, wanted);
}

/// Where something was done to the sums, each of which may be off by so much of the largest. NaN and infinities must be where they are
/// wanted.
pub fn assert_close_within<T: Number>(
    tolerance: f64,
    what: impl Debug,
    sums: &[f64],
    got: &[T],
    wanted: &[f64],
) {
    assert_eq!(got.len(), wanted.len(), "length of {what:?}");
    let finite = sums.iter().filter(|value| value.is_finite());
    let largest = finite.fold(1.0_f64, |largest, value| largest.max(value.abs()));
    for (index, (got, &wanted)) in widened(got).into_iter().zip(wanted).enumerate() {
        let allowed = tolerance * largest + T::ROUNDING * wanted.abs();
        let close = if wanted.is_finite() {
            (got - wanted).abs() <= allowed
        } else {
            got.total_cmp(&wanted).is_eq() || got.is_nan() && wanted.is_nan()
        };
        assert!(
            close,
            "{what:?}: element {index} is {got} instead of {wanted} ± {allowed}"
        );
    }
}
