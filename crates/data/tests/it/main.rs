//! Data sets against files written byte by byte or by other programs.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod idx;
mod order;
mod resize;
