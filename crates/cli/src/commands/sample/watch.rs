//! Progress of batches, and the way out of them.

use std::ops::ControlFlow;

use foil_diffusion::Step;

use crate::{
    interrupt,
    progress::{Bar, Progress},
};

/// Moves the bar, and stops when the user asks.
pub struct Watch {
    bar: Bar,
    /// Images of batches before.
    before: usize,
    /// Images of this one.
    batch: usize,
    images: usize,
}

impl Watch {
    /// Of so many images in so many steps each.
    pub fn new(progress: &Progress, images: usize, steps: usize) -> Self {
        let bar = progress.bar("sampling", (images * steps) as u64, "steps");
        Self {
            bar,
            before: 0,
            batch: 0,
            images,
        }
    }

    /// A batch begins after the one before.
    pub fn begin(&mut self, batch: usize) {
        self.before += self.batch;
        self.batch = batch;
    }

    /// After each step.
    pub fn step(&mut self, step: &Step<'_>) -> ControlFlow<()> {
        let done = self.before * step.count + self.batch * (step.index + 1);
        self.bar.at(done as u64);
        let (first, last) = (self.before + 1, self.before + self.batch);
        self.bar
            .message(format!("(image {first}–{last} of {})", self.images));
        interrupt::check()
    }

    /// All images are there.
    pub fn done(self) {
        self.bar.done(&format!("{} images", self.images));
    }
}
