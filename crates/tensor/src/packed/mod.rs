//! Weights that no longer change, packed once for many uses, and what follows the product in the same pass.
//!
//! Packing happens for `f32` and `bf16` on the CPU; elsewhere these types keep the weight and use the composed definitions.
//! Results have no gradient: training uses the functions, whose weights may change between calls.

mod conv2d;
mod depthwise;
mod epilogue;
mod linear;
mod product;

pub use conv2d::PackedConv2d;
pub use depthwise::PackedDepthwise;
pub use epilogue::{Epilogue, Residual};
pub use foil_kernels::passes::Activation;
pub use linear::PackedLinear;
pub use product::Rows;
