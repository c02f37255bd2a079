//! Everything the crate promises, checked from outside.

mod check;
mod passes;
mod twin;
