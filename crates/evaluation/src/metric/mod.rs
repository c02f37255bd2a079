//! How alike two sets of images are, by their features: each choice a file.

mod frechet;
mod precision_recall;

pub use frechet::{Frechet, frechet};
pub use precision_recall::{Manifold, PrecisionRecall, precision_recall};
