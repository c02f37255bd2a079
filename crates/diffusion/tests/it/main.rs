//! Tests of the diffusion core against things that cannot share its bugs.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod ancestral;
mod diagnosis;
mod guidance;
mod laws;
mod orders;
mod plan;
mod precondition;
mod random;
mod schedules;
mod worlds;
