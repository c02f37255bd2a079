//! What is trained, as the optimiser sees it: named tensors, and a loss of some images.

use std::{ops::Range, path::Path};

use candle_core::Tensor;
use foil_models::{Weights, checkpoint::Provenance};
use foil_tensor::traced::Traced;

use crate::Result;

/// A loss over a data set.
pub trait Task {
    /// Names and shapes of the network's tensors.
    fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>>;

    /// The loss of the images with these numbers, counted from the start of the run, as a function of the tensors, which are
    /// in the order of [`Self::tensors`].
    fn losses(&mut self, tensors: &[Traced], images: Range<u64>) -> Result<Losses>;

    /// Writes the network with these weights.
    fn save(&self, weights: Weights, provenance: Provenance, path: &Path) -> Result<()>;
}

/// The loss of some images.
#[derive(Debug)]
pub struct Losses {
    /// The loss's sum over the images.
    pub total: f64,
    /// What the loss is a function of, each with the gradient of that sum with respect to it.
    pub arguments: Vec<(Traced, Tensor)>,
    /// What is worth knowing about each image.
    pub observations: Vec<Observation>,
}

/// One image's share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Its noise level.
    pub sigma: f64,
    /// What is plotted: comparable between noise levels and over the time of training.
    pub loss: f64,
    /// Whether a classifier was right.
    pub correct: Option<bool>,
}
