//! Tests of the laboratory.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod degradation;
mod distribution;
mod figures;
mod sampling;
mod training;
