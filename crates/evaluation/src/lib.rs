//! What images are worth: features of them by a network, the moments of features over many images, and how many show their class; and which of many
//! settings makes the best ones.
//!
//! Sums are made in fixed parts, so that neither the number of threads nor the division into batches changes a bit.

mod accuracy;
mod error;
mod extractor;
mod features;
mod gathering;
mod halving;
mod images;
mod metric;
mod neighbours;
mod operation;
mod reference;
mod statistics;

pub use accuracy::{Accuracy, OfClass, accuracy};
pub use error::{Error, Result};
pub use extractor::{
    Described, Dinov2Extractor, Dinov2Protocol, Extractor, InceptionExtractor, Judge, describe_all,
};
pub use features::Features;
pub use gathering::Gathering;
pub use halving::{Ask, Effort, Halving, Point, Trial};
pub use images::Images;
pub use metric::{
    Extrapolated, Frechet, Manifold, Mean, Memorisation, PrecisionRecall, extrapolated_frechet,
    frechet, frechet_margin, inception_score, kernel_distance, memorisation, precision_recall,
};
pub use neighbours::{Edge, Inside, Neighbour, inside, nearest};
pub use operation::Operation;
pub use reference::{Named, Reference};
pub use statistics::{Statistics, statistics};
