//! Networks, each from its configuration to a module behind [`foil_diffusion::Model`], and the reading of other people's
//! checkpoints.

pub mod autoencoder;
pub mod bundled;
pub mod checkpoint;
pub mod classes;
pub mod edm2;
mod encoder;
mod error;
pub mod features;
mod mapped;
mod pixels;
pub mod preset;
mod source;
mod strided;
mod weights;

pub use encoder::{Encoder, Whitening};
pub use error::{Error, Result};
pub use pixels::Pixels;
pub use source::SourceFile;
pub use strided::Layout;
pub use weights::{StoredTensor, Weights};
