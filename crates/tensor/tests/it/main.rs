//! Tests of the operations: one table of cases and laws that hold for all of them, definitions against plain loops, and what is
//! refused.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod case;
mod definitions;
mod large;
mod laws;
mod packed;
mod pool;
mod refusals;
mod table;
mod traced;
