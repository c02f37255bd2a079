//! Timing work that is short and repeated; the median counts, which one slow run does not move.

use std::time::Instant;

/// Fewest and most runs of [`median_seconds`].
const RUNS: (f64, f64) = (3.0, 200.0);

/// The median over as many runs as fit the budget, after one to warm up and one to see how long it takes.
pub fn median_seconds(budget: f64, mut work: impl FnMut()) -> f64 {
    work();
    let once = seconds(&mut work);
    let runs = (budget / once.max(1e-9)).clamp(RUNS.0, RUNS.1) as usize;
    median((0..runs).map(|_| seconds(&mut work)).collect())
}

/// How long one run takes.
pub fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let begin = Instant::now();
    std::hint::black_box(work());
    begin.elapsed().as_secs_f64()
}

/// The middle value, of an even number the upper of two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
