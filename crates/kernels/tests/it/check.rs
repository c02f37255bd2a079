//! Runs a kernel with every instruction set, on one thread and on many, between guards, and compares the result with the twin.

use foil_kernels::{Element, Instructions, bf16};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use rayon::ThreadPool;
use std::sync::LazyLock;

static POOLS: LazyLock<[ThreadPool; 2]> = LazyLock::new(|| {
    [1, 3].map(|threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be started")
    })
});

/// Elements on either side of a result that must stay as they are.
const GUARD: usize = 67;

/// Relative to the largest number that enters a result: sums of some hundred terms in f32.
pub const F32: f64 = 1e-5;

/// Half a unit in the last place of bf16 is at most 2⁻⁸ of a number.
const BF16: f64 = 1.0 / 256.0;

/// A NaN that no arithmetic makes.
fn unwritten<T: Element>() -> T {
    T::from_f32(f32::from_bits(0x7fd5_0000))
}

fn bits<T: Element>(value: T) -> u32 {
    value.to_f32().to_bits()
}

pub trait Stored: Element {
    const ROUNDING: f64;
}

impl Stored for f32 {
    const ROUNDING: f64 = 0.0;
}

impl Stored for bf16 {
    const ROUNDING: f64 = BF16;
}

/// Repeatable numbers, about normal.
pub fn normal(length: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64 - 0.5
    };
    (0..length)
        .map(|_| (uniform() + uniform() + uniform() + uniform()) * 1.7)
        .collect()
}

/// Rounded to storage; and what that is exactly.
pub fn store<T: Element>(values: &[f64]) -> (Vec<T>, Vec<f64>) {
    let stored: Vec<T> = values.iter().map(|&x| T::from_f32(x as f32)).collect();
    let exact = stored.iter().map(|x| f64::from(x.to_f32())).collect();
    (stored, exact)
}

/// What should come out, within [`F32`] times `scale`.
pub struct Truth {
    pub values: Vec<f64>,
    pub scale: f64,
}

impl Truth {
    /// The scale is that of the largest value.
    pub fn new(values: Vec<f64>) -> Self {
        Self::at_least(values, 0.0)
    }

    /// Where the values are small differences of larger numbers.
    pub fn at_least(values: Vec<f64>, least: f64) -> Self {
        let scale = values
            .iter()
            .fold(least, |most, value| most.max(value.abs()));
        Self { values, scale }
    }

    fn assert_agrees<T: Element>(&self, found: &[T], rounding: f64, name: &str) {
        assert_eq!(found.len(), self.values.len(), "{name}");
        for (index, (found, &truth)) in found.iter().zip(&self.values).enumerate() {
            let found = f64::from(found.to_f32());
            let allowed = F32 * self.scale + rounding * truth.abs();
            let error = (found - truth).abs();
            assert!(
                error <= allowed,
                "{name}: element {index} is {found} instead of {truth} +- {allowed}"
            );
        }
    }
}

/// A slice between guards.
struct Guarded<T> {
    all: Vec<T>,
}

impl<T: Element> Guarded<T> {
    fn new(length: usize) -> Self {
        Self {
            all: vec![unwritten(); length + 2 * GUARD],
        }
    }

    fn slice(&mut self) -> &mut [T] {
        let end = self.all.len() - GUARD;
        &mut self.all[GUARD..end]
    }

    fn into_written(self, name: &str) -> Vec<T> {
        let (before, rest) = self.all.split_at(GUARD);
        let (slice, after) = rest.split_at(rest.len() - GUARD);
        let same = |value: &T| bits(*value) == bits(unwritten::<T>());
        assert!(
            before.iter().chain(after).all(same),
            "{name}: written outside"
        );
        assert!(!slice.iter().any(same), "{name}: left unwritten");
        slice.to_vec()
    }
}

/// Checks a pass with one output.
pub fn forward<T: Stored>(name: &str, truth: &Truth, run: impl Fn(Instructions, &mut [T]) + Sync) {
    let nothing = Truth::new(Vec::new());
    backward(
        name,
        [truth, &nothing],
        |instructions, out, _: &mut [f32]| run(instructions, out),
    );
}

/// Checks a pass with two outputs, such as the gradients of the input and of the parameters.
pub fn backward<T: Stored, S: Stored>(
    name: &str,
    truth: [&Truth; 2],
    run: impl Fn(Instructions, &mut [T], &mut [S]) + Sync,
) {
    let mut first: Option<(Vec<u32>, Vec<u32>)> = None;
    for instructions in Instructions::available() {
        for pool in &*POOLS {
            let name = format!(
                "{name}, {}, {}, {} threads",
                T::NAME,
                instructions.set(),
                pool.current_num_threads()
            );
            let mut a = Guarded::<T>::new(truth[0].values.len());
            let mut b = Guarded::<S>::new(truth[1].values.len());
            pool.install(|| run(instructions, a.slice(), b.slice()));
            let (a, b) = (a.into_written(&name), b.into_written(&name));
            let all_bits = (
                a.iter().map(|&x| bits(x)).collect(),
                b.iter().map(|&x| bits(x)).collect(),
            );
            if let Some(first) = &first {
                assert!(*first == all_bits, "{name}: not the bits of the first");
            } else {
                truth[0].assert_agrees(&a, T::ROUNDING, &name);
                truth[1].assert_agrees(&b, S::ROUNDING, &name);
                first = Some(all_bits);
            }
        }
    }
}

/// So many random cases, the same at every run; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` look elsewhere.
pub fn random_cases(cases: u32) -> ProptestConfig {
    let own = |variable: &str| std::env::var_os(variable).is_some();
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if !own("PROPTEST_CASES") {
        config.cases = cases;
    }
    if !own("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(0);
    }
    config
}
