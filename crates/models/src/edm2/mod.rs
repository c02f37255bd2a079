//! The magnitude-preserving U-Net of EDM2, in which every layer keeps the expected magnitude of its activations. Karras et
//! al. 2024, *Analyzing and Improving the Training Dynamics of Diffusion Models*.

mod config;
mod plan;

pub use config::{Config, Size};
pub use plan::{BlockPlan, Place, Plan, Resample};
