//! The product of rows by packed weights, from which convolutions, linear layers, attention and their gradients are made.
//!
//! `run.rs` cuts the result into tiles and hands each to the microkernel of the instruction set; the tile's sums then lie in
//! the first-level cache, where an [`Epilogue`] turns them into the output.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod batched;
mod epilogue;
mod gradient;
mod lanes;
mod linear;
pub(crate) mod lines;
mod memory;
mod microkernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packing;
mod portable;
mod run;
mod strided;
pub(crate) mod strip;
pub(crate) mod transforms;

pub use batched::BatchedProduct;
pub(crate) use epilogue::Output;
pub use epilogue::{Epilogue, Residual};
pub(crate) use gradient::{Columns, sums_over_pixels};
pub(crate) use linear::Contiguous;
pub use linear::{PackedLinear, input_gradient, weight_gradient};
pub(crate) use memory::{Aligned, Scratch, Shared};
pub(crate) use microkernel::MOST_ROWS;
pub use microkernel::Microkernel;
pub(crate) use packing::{PackedMatrix, Weights, copy};
pub(crate) use run::{Rows, Sink, Tiles, run};
