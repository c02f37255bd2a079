//! The autoencoder of Stable Diffusion, between images and latents of an eighth of their sides.
//!
//! Latent networks, EDM2's among them, are trained on what its [`Encoder`] makes and seen through its [`Decoder`]. It does not
//! change any more: both halves are packed for inference and have no gradient. A file may hold one half only, in any of the
//! layouts that were published (`layout.rs`).
//!
//! What range of pixels it is fed and how latents are scaled is not the autoencoder's affair but of the network that lives on
//! its latents: Stable Diffusion has pixels in [−1, 1] and a factor of 0.18215, EDM2 pixels in [0, 1] and a
//! [`Whitening`](crate::Whitening).
//!
//! Rombach et al. 2022, section 3.1 and appendix G.

mod attention;
mod config;
mod decoder;
mod encoder;
mod layers;
mod layout;
mod plan;
mod resample;
mod sequence;

pub use config::Config;
pub use decoder::Decoder;
pub use encoder::{Encoder, Moments};
