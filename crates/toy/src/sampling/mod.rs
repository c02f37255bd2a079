//! Guided sampling of the toy: the diffusion crate's samplers and guidance on points of the plane.
//!
//! Guidance is a [`foil_diffusion::guidance::Plan`], as everywhere; [`Guidance`] adds the models that it needs. What changes the inside of
//! a network of images, or looks at parts of an image, is refused: a point has neither.

mod diagnosis;
mod guides;
mod recorder;
mod trajectory;

pub use diagnosis::{Diagnosis, Places};
pub use guides::{Guidance, GuideModels, check};
pub use recorder::Recorder;
pub use trajectory::Sampling;

use foil_diffusion::{NoiseLevels, Result, schedule::Karras};

/// Noise levels of the paper's toy: 0.002 to 5 with ρ = 7.
pub const SIGMA_MIN: f64 = 0.002;
/// The highest of them.
pub const SIGMA_MAX: f64 = 5.0;
/// Their curvature.
pub const RHO: f64 = 7.0;
/// Steps of the paper's toy.
pub const STEPS: usize = 32;

/// The levels of a trajectory from `sigma_max` down to 0.
pub fn levels(sigma_max: f64, steps: usize) -> Result<NoiseLevels> {
    Karras::new(SIGMA_MIN, sigma_max, RHO)?.levels(steps)
}
