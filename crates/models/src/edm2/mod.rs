//! The magnitude-preserving U-Net of EDM2, in which every layer keeps the expected magnitude of its activations. Karras et
//! al. 2024, *Analyzing and Improving the Training Dynamics of Diffusion Models*.
//!
//! [`Config`] says which network, its [`Plan`] where each layer stands, and [`Network`] is written once over the form that
//! its layers take: [`Packed`] for inference, [`Trained`] where gradients are wanted.

mod alteration;
mod block;
mod classifier;
mod config;
mod degradation;
mod diagnosis;
mod dropout;
mod effective;
mod fixed;
mod flops;
mod fourier;
mod generate;
mod guides;
mod labels;
mod layer;
mod network;
mod noisy_classifier;
mod packed;
mod perturbation;
mod plan;
mod streams;
mod trained;
mod value;

pub use classifier::{Classifier, Judgement};
pub use config::{Config, Size};
pub use degradation::Degradation;
pub use diagnosis::Examples;
pub use dropout::Dropout;
pub use generate::{Edm2, Generated, Generator, check_guide};
pub use guides::GuideNetworks;
pub use labels::Labels;
pub use layer::{Kernel, Layer, Mix, Product};
pub use network::Network;
pub use noisy_classifier::NoisyClassifier;
pub use packed::{Packed, Packing};
pub use perturbation::{Blocks, Perturbation, Perturbed};
pub use plan::{BlockPlan, Place, Plan, Resample};
pub use trained::Trained;
pub use value::Value;
