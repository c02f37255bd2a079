//! Perturbed networks: laws that all perturbations keep, and each against the twin.

mod laws;
mod refusals;
mod twins;

use candle_core::{Device, Tensor};
use foil_diffusion::{Model, Sigma};
use foil_models::edm2::{Blocks, Edm2, Labels, Perturbation, Perturbed};

use super::{bits, network, normal};

/// Neither square nor the network's own; attention sees 5×7 pixels.
pub const SHAPE: [usize; 4] = [3, 3, 10, 14];
pub const SEEDS: [u64; 3] = [4, 0, 1 << 40];
pub const SIGMA: f64 = 1.3;

pub fn images() -> Tensor {
    normal(SHAPE, 77)
}

/// One class for each.
pub fn classes() -> Tensor {
    let mut rows = vec![0.0_f32; 30];
    for (image, class) in [3, 0, 9].into_iter().enumerate() {
        rows[10 * image + class] = 1.0;
    }
    Tensor::from_vec(rows, (3, 10), &Device::Cpu).unwrap()
}

/// The first evaluation of all images.
pub fn first(model: &Edm2, perturbation: &Perturbation) -> Tensor {
    let perturbed = Perturbed::new(model, perturbation, &SEEDS).unwrap();
    let labels = Labels::weights(&classes()).unwrap();
    let sigma = Sigma::new(SIGMA).unwrap();
    perturbed.denoise_at(&images(), sigma, &labels).unwrap()
}

pub fn some(blocks: &[usize]) -> Blocks {
    Blocks::Numbered(blocks.to_vec())
}
