//! The ground truth: two classes, each a tree of thin Gaussians, whose density and score are known at every noise level.

mod noisy;
mod posterior;
mod precision;
mod score;
mod tree;

pub use noisy::{Distribution, NoisyDistribution};
pub use posterior::Posterior;
pub(crate) use score::Scratch;
pub use tree::{BRANCHES, COARSE_DEPTH, COARSE_SUBTREES, Class, Component, coarse_subtree};
