//! Images to be judged, wherever they are.

use foil_data::{Dataset, Flip, Kind};

use crate::{Error, Result};

/// Images of one size, read when they are asked for, from any number of threads.
pub trait Images: Sync {
    /// How many.
    fn count(&self) -> usize;

    /// `[channels, height, width]` of each.
    fn shape(&self) -> [usize; 3];

    /// Reads one into a buffer of that shape.
    fn read(&self, index: usize, out: &mut [u8]) -> Result<()>;
}

/// As training sees them, none of them mirrored.
impl Images for Dataset {
    fn count(&self) -> usize {
        self.len()
    }

    fn shape(&self) -> [usize; 3] {
        self.shape()
    }

    fn read(&self, index: usize, out: &mut [u8]) -> Result<()> {
        if self.kind() != Kind::Pixels {
            let problem = "the data set holds latents; only pixels can be judged";
            return Err(Error::Images(problem.to_owned()));
        }
        let read = self.pixels(index, Flip::None, out);
        read.map_err(|error| Error::Source(error.into()))
    }
}
