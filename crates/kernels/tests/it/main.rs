//! Everything the crate promises, checked from outside.
//!
//! Passes are checked by `check` beside their `twin`. Products and convolutions have their `definition` as a list of products:
//! `operation` names the layers, `case` runs one beside its definition, and each law over them is a module.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod attention;
mod batched;
mod case;
mod check;
mod convolution;
mod definition;
mod depthwise;
mod epilogue;
mod instructions;
mod operation;
mod passes;
mod poison;
mod product;
mod properties;
mod rows;
mod threads;
mod twin;
mod winograd;
mod world;
