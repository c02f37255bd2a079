//! The two-dimensional laboratory: the autoguidance paper's fractal distribution, its energy networks, guided sampling,
//! metrics and figures. Karras et al. 2024, *Guiding a Diffusion Model with a Bad Version of Itself*, Figures 1, 2 and 9.
//!
//! Every idea is tried here first, because here the truth is known in closed form.

mod arithmetic;
pub mod distribution;
pub mod figures;
pub mod metrics;
pub mod network;
pub mod numbers;
mod points;
pub mod sampling;
pub mod search;
pub mod training;

pub use points::{Point, points_of, tensor_of};
