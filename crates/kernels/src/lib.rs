//! The arithmetic of image networks on the CPU, on plain slices.
//!
//! Activations are `[batch, height, width, channels]`, channels innermost, in `f32` or `bf16`; sums are kept in `f32`. Every
//! function takes the [`Instructions`] it may use: a value that exists only if the processor has them, chosen once at run
//! time. This crate knows no tensor library and is the only one with `unsafe`. `README.md` explains how a product is cut into
//! tiles, how weights are packed, and how to add a kernel.

#![warn(clippy::undocumented_unsafe_blocks)]

pub mod attention;
pub mod convolution;
mod element;
mod functions;
mod instructions;
pub mod passes;
pub mod peak;
pub mod product;

pub use element::Element;
pub use half::bf16;
pub use instructions::{InstructionSet, Instructions, UnknownInstructionSet};
