//! The tiles into which a batch of images is cut.

use crate::convolution::shape::Image;

/// Tiles of the output, the last of a line and of a column perhaps larger than what is left.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub image: Image,
    /// Pixels along a side of a tile.
    pub side: usize,
    lines: usize,
    columns: usize,
}

impl Grid {
    pub fn new(image: Image, side: usize) -> Self {
        Self {
            image,
            side,
            lines: image.height.div_ceil(side),
            columns: image.width.div_ceil(side),
        }
    }

    /// Of the whole batch.
    pub fn tiles(&self) -> usize {
        self.image.batch * self.lines * self.columns
    }

    /// Sample, line and column of a tile's first pixel.
    pub fn place(&self, tile: usize) -> [usize; 3] {
        let (line, column) = (tile / self.columns, tile % self.columns);
        let (sample, line) = (line / self.lines, line % self.lines);
        [sample, line * self.side, column * self.side]
    }

    /// How many tiles of a line are left from this one on.
    pub fn left_in_line(&self, tile: usize) -> usize {
        self.columns - tile % self.columns
    }

    /// The pixels that a tile reads, line by line: one more on each side than it has, `None` where they are outside of the image.
    pub fn reads(&self, tile: usize) -> impl Iterator<Item = Option<usize>> {
        let Image { height, width, .. } = self.image;
        let [sample, top, left] = self.place(tile);
        let side = self.side + 2;
        (0..side * side).map(move |index| {
            // Below zero becomes huge.
            let y = (top + index / side).wrapping_sub(1);
            let x = (left + index % side).wrapping_sub(1);
            (y < height && x < width).then_some((sample * height + y) * width + x)
        })
    }
}
