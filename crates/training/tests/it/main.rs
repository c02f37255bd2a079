//! Tests of the training crate.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod ema;
mod learning;
mod reconstruction;
mod runs;
mod tensorboard;
mod world;
