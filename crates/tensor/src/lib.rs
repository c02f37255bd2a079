//! The vocabulary that image networks are written in: differentiable operations on candle tensors.
//!
//! Activations are `[batch, height, width, channels]`, or `[…, features]` where positions do not matter; weights have their
//! published layouts. Every operation is first of all its [`composed`] definition; on the CPU, `f32` and `bf16` tensors take a
//! fast path through `foil-kernels` that computes the same, with a backward pass of its own. Weights that no longer change are
//! packed once ([`PackedConv2d`] and its siblings), and what follows the product is done while its result is at hand
//! ([`Epilogue`]).

mod activation;
mod attention;
mod bias;
pub mod composed;
mod conv2d;
mod convolution;
mod depthwise;
mod error;
mod linear;
mod mix;
mod normalise;
mod operation;
mod packed;
mod pool;
mod precision;
mod resample;
mod softmax;
mod times;
pub mod traced;
mod weighted;

pub use activation::{gelu, mp_silu, silu};
pub use attention::{attention, cosine_attention};
pub use conv2d::{conv_transpose2d, conv2d};
pub use convolution::Padding;
pub use depthwise::depthwise_conv2d;
pub use error::{Error, Result};
pub use linear::linear;
pub use mix::{mp_cat, mp_sum};
pub use normalise::{global_response_norm, group_norm, group_norm_silu, layer_norm, pixel_norm};
pub use packed::{
    Activation, Epilogue, PackedConv2d, PackedDepthwise, PackedLinear, Residual, Rows,
};
pub use pool::{Window, max_pool, mean_pool};
pub use resample::{mean_2x2, nearest_2x};
pub use softmax::softmax;
pub use times::times;
