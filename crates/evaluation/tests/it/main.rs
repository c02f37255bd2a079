//! Tests of the evaluation crate.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod bundled;
mod dinov2;
mod frechet;
mod gathering;
mod intervals;
mod judging;
mod kernel_distance;
mod memorisation;
mod neighbours;
mod operations;
mod references;
mod scores;
mod world;
