//! Images of files after something happened to them.

use anyhow::Result;
use foil_evaluation::Operation;
use rayon::prelude::*;

use super::{Batch, FileSource, Source};

/// The same images, each changed by an operation.
pub struct OperatedSource<'a> {
    pub files: &'a mut FileSource,
    pub operation: Operation,
}

impl Source for OperatedSource<'_> {
    fn count(&self) -> usize {
        self.files.count()
    }

    fn shape(&self) -> [usize; 3] {
        self.files.shape()
    }

    fn has_classes(&self) -> bool {
        self.files.has_classes()
    }

    fn each(&mut self, first: usize, take: &mut dyn FnMut(&Batch) -> Result<()>) -> Result<()> {
        let (shape, operation) = (self.shape(), self.operation);
        let size = shape.iter().product();
        let mut place = first;
        self.files.each(first, &mut |batch| {
            let images = batch.levels.par_chunks_exact(size).enumerate();
            let changed = images.map(|(row, image)| operation.apply(image, shape, place + row));
            let changed: Vec<Vec<u8>> = changed.collect::<Result<_, _>>()?;
            place += changed.len();
            take(&Batch {
                levels: changed.concat(),
                classes: batch.classes.clone(),
            })
        })
    }
}
