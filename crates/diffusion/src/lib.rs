//! The mathematics of guided diffusion, with no networks, files or command line in it.
//!
//! A trained network given a condition is a [`Denoiser`]; [`guidance`] makes denoisers out of denoisers; a
//! [`sampler`] walks a denoiser down a list of [`NoiseLevels`]. Everything is in variance-exploding coordinates,
//! x = x₀ + σ·n with n ~ N(0, I): networks trained otherwise enter through [`precondition`], and the states of a
//! variance-preserving process are x_t = √ᾱ·x with σ = √((1−ᾱ)/ᾱ).
//!
//! Images are tensors `[batch, channels, height, width]`; a point of the plane is a `[n, 2, 1, 1]` image.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use foil_diffusion::{
//!     Denoiser, Mixture, Noise, Silent, guidance::{Guided, Weight}, random::StreamKind, sample, sampler::Heun,
//!     schedule::Karras,
//! };
//!
//! // Two bumps, guided by one that is too broad. A trained network enters as `model.given(&condition)`.
//! let strong = Mixture::new(&[(0.5, -1.0, 0.1), (0.5, 1.0, 0.1)])?;
//! let weak = Mixture::new(&[(1.0, 0.0, 1.2)])?;
//! let mut guided = Guided::new(strong, weak, Weight::constant(1.5)?);
//!
//! let levels = Karras::new(0.002, 80.0, 7.0)?.levels(32)?;
//! let mut noise = Noise::new(StreamKind::Foil, 0..4); // four images, seeds 0 to 3
//! let unit = noise.normal_like(&Tensor::zeros((4, 1, 8, 8), DType::F32, &Device::Cpu)?)?;
//! let x = (unit * levels.first().get())?;
//! let images = sample(Heun::new(), &mut guided, x, &levels, &mut noise, &mut Silent)?;
//!
//! assert_eq!(images.dims(), [4, 1, 8, 8]);
//! assert_eq!((guided.evaluations().strong, guided.evaluations().weak), (63, 63));
//! # Ok::<(), foil_diffusion::Error>(())
//! ```

mod denoiser;
pub mod diagnosis;
mod error;
pub mod guidance;
mod mixture;
mod model;
pub mod precondition;
pub mod random;
pub mod sampler;
pub mod schedule;
mod sigma;

pub use denoiser::{Denoiser, Estimate, Evaluations, FromFunction};
pub use error::{Error, Result};
pub use mixture::Mixture;
pub use model::{Given, Model};
pub use random::Noise;
pub use sampler::{Observer, Sampler, Silent, Step, sample};
pub use sigma::{NoiseLevels, Sigma};
