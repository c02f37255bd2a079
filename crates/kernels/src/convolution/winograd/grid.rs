//! The tiles into which a batch of images is cut.

use crate::convolution::shape::Image;

/// Tiles of the output, the last of a line and of a column perhaps larger than what is left.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    input: Image,
    /// Rows and columns of the output before those of the input.
    padding: [usize; 2],
    pub output: Image,
    /// Pixels along a side of a tile.
    pub side: usize,
    lines: usize,
    columns: usize,
}

impl Grid {
    pub fn new([input, output]: [Image; 2], padding: [usize; 2], side: usize) -> Self {
        Self {
            input,
            padding,
            output,
            side,
            lines: output.height.div_ceil(side),
            columns: output.width.div_ceil(side),
        }
    }

    /// Of the whole batch.
    pub fn tiles(&self) -> usize {
        self.output.batch * self.lines * self.columns
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

    /// The pixels that a tile reads, line by line: two lines and columns more than it has, `None` where they are outside of the image.
    pub fn reads(&self, tile: usize) -> impl Iterator<Item = Option<usize>> {
        let Image { height, width, .. } = self.input;
        let [above, before] = self.padding;
        let [sample, top, left] = self.place(tile);
        let side = self.side + 2;
        (0..side * side).map(move |index| {
            // Below zero becomes huge.
            let y = (top + index / side).wrapping_sub(above);
            let x = (left + index % side).wrapping_sub(before);
            (y < height && x < width).then_some((sample * height + y) * width + x)
        })
    }
}
