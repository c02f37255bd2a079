//! Where things stand in a comparison: cells in rows and columns, labels at their edges, a caption below.

use anyhow::{Context, Result};
use foil_drawing::{Anchor, Canvas, Lettering, Raster, colour};
use foil_models::Pixels;

use super::{
    comparison::Cell,
    grid::{enlarged, enlargement, page, paste},
};

/// Width of a cell for which text has its usual size; it grows with larger cells, so that it can be read beside them.
const USUAL: f64 = 192.0;
/// Everything below is for text of the usual size.
const LABEL: f64 = 14.0;
const CAPTION: f64 = 11.5;
const LINE: f64 = 1.4;
const LEFT: f64 = 136.0;
const TOP: f64 = 34.0;
/// Between cells, and between the images of a cell.
const GAP: f64 = 10.0;
const INNER_GAP: f64 = 2.0;
const MARGIN: f64 = 14.0;
/// Width of a character in heights of the type; most texts are narrower.
const CHARACTER: f64 = 0.6;
/// The same of bold type.
const BOLD: f64 = 0.68;

/// The words of a picture.
pub struct Labels {
    /// Each of one line or more.
    pub rows: Vec<Vec<String>>,
    pub columns: Vec<String>,
    /// Statements in any number, of which as many stand in a line as fit.
    pub caption: Vec<String>,
}

/// Places in pixels.
pub struct Layout {
    /// Downwards and to the right.
    cells: [usize; 2],
    /// In a cell, and those to the right.
    images: usize,
    across: usize,
    /// Height and width of an image.
    resolution: usize,
    /// How wide a pixel of an image is drawn.
    factor: usize,
    /// From one image of a cell to the next.
    pitch: usize,
    /// Height and width of a cell.
    cell: [usize; 2],
    /// What text of the usual size is multiplied by.
    scale: f64,
    /// Room for the names of rows, for text of the usual size.
    left: f64,
}

impl Layout {
    /// For so many cells of so many square images.
    pub fn new(cells: [usize; 2], images: usize, resolution: usize) -> Self {
        let across = (images as f64).sqrt().ceil() as usize;
        let side = enlargement(resolution) * resolution;
        let scale = ((across * side) as f64 / USUAL).max(1.0);
        Self::of(cells, [images, across], resolution, [scale, LEFT])
    }

    /// For so many rows of so many square images side by side, under names of so many letters at most.
    pub fn rows(rows: usize, images: usize, resolution: usize, letters: usize) -> Self {
        let side = enlargement(resolution) * resolution;
        let scale = (side as f64 / USUAL).max(1.0);
        let left = letters as f64 * BOLD * LABEL + 2.0 * MARGIN;
        Self::of([rows, 1], [images, images], resolution, [scale, left])
    }

    fn of(
        cells: [usize; 2],
        [images, across]: [usize; 2],
        resolution: usize,
        [scale, left]: [f64; 2],
    ) -> Self {
        let factor = enlargement(resolution);
        let side = factor * resolution;
        let pitch = side + (scale * INNER_GAP).round() as usize;
        let counts = [images.div_ceil(across), across];
        Self {
            cells,
            images,
            across,
            resolution,
            factor,
            pitch,
            cell: counts.map(|count| (count - 1) * pitch + side),
            scale,
            left,
        }
    }

    /// A length that is a whole number of pixels.
    fn pixels(&self, length: f64) -> usize {
        (length * self.scale).round() as usize
    }

    /// Upper and left edge of a cell.
    fn corner(&self, cell: Cell) -> [usize; 2] {
        let before = [TOP, self.left].map(|length| self.pixels(length));
        let gap = self.pixels(GAP);
        [0, 1].map(|axis| before[axis] + cell[axis] * (self.cell[axis] + gap))
    }

    /// Where the cells end, downwards and to the right.
    fn end(&self) -> [usize; 2] {
        let last = self.cells.map(|count| count - 1);
        let corner = self.corner(last);
        [0, 1].map(|axis| corner[axis] + self.cell[axis])
    }

    /// The picture before there are images; a grey place is where one will be.
    pub fn sheet(&self, labels: &Labels, shown: &[Cell]) -> Result<Pixels> {
        let mut canvas = Canvas::default();
        self.name_cells(&mut canvas, labels);
        let [bottom, right] = self.end().map(|edge| edge as f64);
        let margin = self.scale * MARGIN;
        let width = right + margin;
        let height = self.caption(&mut canvas, labels, [bottom, width]);
        let figure = canvas.finish(width.ceil(), height.ceil());
        let Raster { width, height, rgb } = figure
            .raster(1.0)
            .context("the picture would be too large: fewer seeds or weights make a smaller one")?;
        let mut sheet = Pixels {
            height: height as usize,
            width: width as usize,
            channels: 3,
            bytes: rgb,
            not_numbers: 0,
        };
        let places = vec![page([self.resolution; 2], colour::BLANK); self.images];
        for &cell in shown {
            self.put(&mut sheet, cell, &places);
        }
        Ok(sheet)
    }

    /// Columns above, rows at the left.
    fn name_cells(&self, canvas: &mut Canvas, labels: &Labels) {
        let lettering = |anchor| Lettering {
            size: self.scale * LABEL,
            anchor,
            bold: true,
            colour: colour::INK,
        };
        let [height, width] = self.cell.map(|size| size as f64);
        for (column, label) in labels.columns.iter().enumerate() {
            let [top, left] = self.corner([0, column]).map(|edge| edge as f64);
            let place = [left + 0.5 * width, top - self.scale * GAP];
            canvas.text(place, lettering(Anchor::Middle), label);
        }
        let line = self.scale * LABEL * LINE;
        for (row, lines) in labels.rows.iter().enumerate() {
            let [top, _] = self.corner([row, 0]).map(|edge| edge as f64);
            // Capitals are about as high as seven tenths of the type.
            let middle = top + 0.5 * (height + 0.7 * self.scale * LABEL);
            let first = middle - 0.5 * line * (lines.len() - 1) as f64;
            for (index, text) in lines.iter().enumerate() {
                let place = [self.scale * MARGIN, first + line * index as f64];
                canvas.text(place, lettering(Anchor::Start), text);
            }
        }
    }

    /// Below what ends at `bottom`; where the picture ends.
    fn caption(&self, canvas: &mut Canvas, labels: &Labels, [bottom, width]: [f64; 2]) -> f64 {
        let (size, margin) = (self.scale * CAPTION, self.scale * MARGIN);
        let lettering = Lettering {
            size,
            anchor: Anchor::Start,
            bold: false,
            colour: colour::FAINT_INK,
        };
        let capacity = ((width - 2.0 * margin) / (CHARACTER * size)) as usize;
        let mut base = bottom + 0.5 * margin;
        for line in lines(&labels.caption, capacity) {
            base += LINE * size;
            canvas.text([margin, base], lettering, &line);
        }
        base + margin
    }

    /// Puts a cell's images in their place, in rows.
    pub fn put(&self, sheet: &mut Pixels, cell: Cell, images: &[Pixels]) {
        let [top, left] = self.corner(cell);
        for (index, image) in images.iter().enumerate() {
            let (row, column) = (index / self.across, index % self.across);
            let place = [left + column * self.pitch, top + row * self.pitch];
            paste(sheet, &enlarged(image, self.factor), place);
        }
    }
}

/// As many statements in each line as fit; what is longer than a line is cut.
fn lines(statements: &[String], capacity: usize) -> Vec<String> {
    const BETWEEN: &str = " · ";
    let mut lines: Vec<String> = Vec::new();
    for statement in statements {
        let length = statement.chars().count();
        match lines.last_mut() {
            Some(line) if (line.chars().count() + BETWEEN.chars().count() + length) <= capacity => {
                line.push_str(BETWEEN);
                line.push_str(statement);
            }
            _ if length <= capacity => lines.push(statement.clone()),
            _ => {
                let kept = statement.chars().take(capacity.saturating_sub(1));
                lines.push(kept.chain(['…']).collect());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn statements_share_lines_where_they_fit_and_are_cut_where_they_do_not() {
        let said = |statements: &[&str], capacity| {
            let statements: Vec<String> = statements.iter().map(ToString::to_string).collect();
            lines(&statements, capacity)
        };
        assert_eq!(said(&["σ 80", "ρ 7", "bf16"], 10), ["σ 80 · ρ 7", "bf16"]);
        assert_eq!(said(&["σ 80", "ρ 7", "bf16"], 9), ["σ 80", "ρ 7", "bf16"]);
        assert_eq!(said(&["ab", "abcdefgh", "c"], 5), ["ab", "abcd…", "c"]);
        assert_eq!(said(&[], 5), [""; 0]);
    }
}
