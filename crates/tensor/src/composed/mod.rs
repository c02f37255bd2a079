//! Every operation by its definition, out of candle's primitives only: the truth that fast paths are tested against, and what
//! runs where there is none. Differentiable by candle, on every device, in every float type; `f64` included, so that
//! finite differences can judge the gradients. What is stored in 16 bits is computed in 32 and rounded once.

mod activation;
mod attention;
mod convolution;
mod epilogue;
mod linear;
mod mix;
mod normalise;
mod pool;
mod resample;
mod times;

pub use activation::{gelu, mp_silu, silu};
pub use attention::{attention, cosine_attention, softmax};
pub use convolution::{conv_transpose2d, conv2d, depthwise_conv2d};
pub use epilogue::epilogue;
pub use linear::linear;
pub use mix::{mp_cat, mp_sum};
pub use normalise::{global_response_norm, group_norm, group_norm_silu, layer_norm, pixel_norm};
pub(crate) use pool::pool;
pub use pool::{max_pool, mean_pool};
pub use resample::{mean_2x2, nearest_2x};
pub use times::times;
