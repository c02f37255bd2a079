//! Convolutions and their transposes of any size and stride, with their gradients; depthwise ones.
//!
//! A convolution is a product whose rows are windows of the input (`windows.rs`): each tap of the kernel is a shifted view of
//! the activations, and no column matrix is built. A transposed convolution is one such product for each phase of its output.

mod depthwise;
mod forward;
mod gradient;
mod shape;
mod windows;
mod winograd;

pub use depthwise::{PackedDepthwise, depthwise_input_gradient, depthwise_weight_gradient};
pub use forward::{PackedConv2d, input_gradient};
pub use gradient::weight_gradient;
pub use shape::{Convolution, Image};
