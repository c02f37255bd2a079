//! DINOv2, a vision transformer that learned from images alone, whose class token FD-DINOv2 is computed from. Oquab et al. 2023, *DINOv2: Learning
//! Robust Visual Features without Supervision*; Stein et al. 2023, *Exposing flaws of generative model evaluation metrics*.
//!
//! An image's patches become tokens, a class token stands before them, and its last state describes the image. Files say which size the network
//! has (`config.rs`) and come in two layouts (`names.rs`). The networks with gated layers (ViT-g) or register tokens are others.

mod block;
mod config;
mod layers;
mod names;
mod network;
mod positions;

pub use network::Dinov2;

/// Sides of the images that FD-DINOv2 describes; the network takes all multiples of [`PATCH`].
pub const SIDE: usize = 224;
/// Sides of the patches that become tokens, in pixels.
pub const PATCH: usize = 14;

/// Channels of an attention's head, in all published sizes.
const HEAD: usize = 64;
/// Added to the variances of all norms.
const EPSILON: f64 = 1e-6;
