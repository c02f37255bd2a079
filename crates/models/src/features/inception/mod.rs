//! Inception-v3 as it was trained on 2015-12-05, whose features FID is computed from. Szegedy et al. 2016, *Rethinking the Inception Architecture for
//! Computer Vision*; Heusel et al. 2017.
//!
//! It is not the published architecture: its mean pools leave out what is beyond the image, its last block pools by the maximum, and
//! it tells 1008 classes apart. Its weights are carried in several layouts (`names.rs`), and programs bring images to its size in different ways
//! ([`Protocol`]): features of different protocols are not comparable.

mod layers;
mod names;
mod network;
mod plan;
mod protocol;

pub use network::{Described, Inception};
pub use protocol::Protocol;

/// Sides of the images that it sees.
pub const SIDE: usize = 299;
/// Numbers that describe an image.
pub const FEATURES: usize = 2048;
/// Classes that it tells apart.
pub const CLASSES: usize = 1008;
/// Numbers that say where in the image is what: 17 × 17 positions, 7 channels.
pub const SPATIAL_FEATURES: usize = 17 * 17 * 7;
