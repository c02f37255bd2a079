//! Data sets against files written byte by byte or by other programs.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod archives;
mod arrays;
mod convert;
mod files;
mod folders;
mod idx;
mod images;
mod order;
mod resize;
mod statistics;
