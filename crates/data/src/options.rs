//! What of a data set is wanted, and in which form.

use foil_diffusion::random::RandomState;

use crate::Fit;

/// Which part of a data set that is published in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// What is learnt from.
    #[default]
    Train,
    /// What is kept for judging.
    Test,
}

/// Whether an image is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flip {
    /// As it is.
    #[default]
    None,
    /// Left and right exchanged.
    Horizontal,
}

/// A random part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many images at most.
    pub images: usize,
    /// Decides which.
    pub seed: u64,
}

/// What of a data set is wanted, and in which form.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which pair of files of an IDX folder.
    pub split: Split,
    /// Width and height, in pixels; absent means the images' own.
    pub resolution: Option<usize>,
    /// How images of another size get this one. Absent means [`Fit::Pad`] for IDX files, whose images are all alike, and
    /// [`Fit::Exact`] for others.
    pub fit: Option<Fit>,
    /// Absent means all.
    pub limit: Option<Limit>,
}

impl Limit {
    /// The chosen ones of `count` images in ascending order, as EDM2 chooses them for its `max_size`.
    pub(crate) fn choose(self, count: u32) -> Vec<u32> {
        let mut indices: Vec<u32> = (0..count).collect();
        if self.images < indices.len() {
            RandomState::new((self.seed & 0x7FFF_FFFF) as u32).shuffle(&mut indices);
            indices.truncate(self.images);
            indices.sort_unstable();
        }
        indices
    }
}
