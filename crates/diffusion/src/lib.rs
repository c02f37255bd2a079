//! The mathematics of guided diffusion, with no networks, files or command line in it.
//!
//! A trained network given a condition is a [`Denoiser`]; [`guidance`] makes denoisers out of denoisers; a
//! [`sampler`] walks a denoiser down a list of [`NoiseLevels`]. Everything is in variance-exploding coordinates,
//! x = x₀ + σ·n with n ~ N(0, I): networks trained otherwise enter through [`precondition`], and the states of a
//! variance-preserving process are x_t = √ᾱ·x with σ = √((1−ᾱ)/ᾱ).
//!
//! Images are tensors `[batch, channels, height, width]`; a point of the plane is a `[n, 2, 1, 1]` image.

mod denoiser;
mod error;
pub mod guidance;
mod mixture;
mod model;
pub mod precondition;
pub mod random;
pub mod sampler;
pub mod schedule;
mod sigma;

pub use denoiser::{Denoiser, Evaluations, FromFunction};
pub use error::{Error, Result};
pub use mixture::Mixture;
pub use model::{Given, Model};
pub use random::Noise;
pub use sampler::{Observer, Sampler, Silent, Step, sample};
pub use sigma::{NoiseLevels, Sigma};
