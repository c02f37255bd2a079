//! Images to be judged, in batches: made for it, or read from files.

mod files;
mod generated;
mod operated;
mod samples;
mod seeds;

use anyhow::Result;

pub use files::FileSource;
pub use generated::GeneratedSource;
pub use operated::OperatedSource;
pub use samples::Samples;
pub use seeds::{Order, Seeds};

/// Images of one shape, always the same ones in the same order.
pub trait Source {
    /// How many.
    fn count(&self) -> usize;

    /// `[channels, height, width]`
    fn shape(&self) -> [usize; 3];

    /// Whether their classes are known.
    fn has_classes(&self) -> bool;

    /// Hands on all images from `first` on.
    fn each(&mut self, first: usize, take: &mut dyn FnMut(&Batch) -> Result<()>) -> Result<()>;
}

/// A few images.
pub struct Batch {
    /// `[images, channels, height, width]`
    pub levels: Vec<u8>,
    /// Of each, if they are known.
    pub classes: Vec<u32>,
}
