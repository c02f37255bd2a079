//! How alike two sets of images are, by their features: each choice a file.

mod extrapolated;
mod frechet;
mod frechet_interval;
mod inception_score;
mod interval;
mod kernel;
mod memorisation;
mod precision_recall;

pub use extrapolated::{Extrapolated, extrapolated_frechet};
pub use frechet::{Frechet, frechet};
pub use frechet_interval::frechet_margin;
pub use inception_score::inception_score;
pub use interval::Mean;
pub use kernel::kernel_distance;
pub use memorisation::{Memorisation, memorisation};
pub use precision_recall::{Manifold, PrecisionRecall, precision_recall};
