//! The order in which training sees the images: EDM2's, a new permutation for each epoch.
//!
//! The image is a function of the seed and of how many were seen before, so that a run that was interrupted continues with the
//! image that would have come.

use std::num::NonZeroU32;

use foil_diffusion::random::{RandomState, tuple_seed};

/// The order of one run.
#[derive(Debug, Clone)]
pub struct Order {
    seed: u64,
    length: NonZeroU32,
    epoch: u64,
    permutation: Vec<u32>,
}

impl Order {
    /// The order of so many images.
    pub fn new(length: NonZeroU32, seed: u64) -> Self {
        Self {
            seed,
            length,
            epoch: 0,
            permutation: Vec::new(),
        }
    }

    /// The image that comes after `images_seen` others, counted from the beginning of the run over all epochs.
    ///
    /// The permutation of one epoch is kept; going back and forth between two makes each anew.
    pub fn index(&mut self, images_seen: u64) -> usize {
        let length = u64::from(self.length.get());
        let (epoch, place) = (images_seen / length, images_seen % length);
        if self.permutation.is_empty() || self.epoch != epoch {
            self.permutation.clear();
            self.permutation.extend(0..self.length.get());
            let seed = tuple_seed(&[self.seed, epoch]);
            RandomState::new(seed).shuffle(&mut self.permutation);
            self.epoch = epoch;
        }
        self.permutation[place as usize] as usize
    }
}
