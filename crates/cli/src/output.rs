//! Data on standard output, and charts in files.

use std::{
    fmt::Write as _,
    io::{self, ErrorKind, Write},
    path::Path,
};

use anyhow::{Context, Result};
use foil_drawing::Chart;

/// Writes lines. A reader who has seen enough, such as `head`, is no mistake.
pub fn print(lines: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    match output
        .write_all(lines.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(problem) if problem.kind() != ErrorKind::BrokenPipe => {
            Err(problem).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Pixels for a unit of a chart.
const SCALE: f32 = 2.0;

/// Writes a chart as SVG and as PNG, under a path without an ending.
pub fn write_chart(chart: &Chart, stem: &Path) -> Result<()> {
    let figure = chart.figure();
    foil_files::write(&stem.with_extension("svg"), figure.svg().as_bytes())?;
    foil_files::write(&stem.with_extension("png"), &figure.png(SCALE)?)?;
    Ok(())
}

/// Rows of cells as lines, of which the first columns begin and the others end in one place.
pub fn columns(rows: &[Vec<String>], beginning: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let between = if column > 0 { "  " } else { "" };
            // Writing into a text cannot fail.
            let _ = if column < beginning {
                write!(line, "{between}{cell:<width$}")
            } else {
                write!(line, "{between}{cell:>width$}")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn columns_begin_or_end_in_one_place() {
        let rows = [["a", "bb", "σ"], ["ccc", "d", "10"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows, 1), "a    bb   σ\nccc   d  10\n");
        assert_eq!(columns(&rows, 3), "a    bb  σ\nccc  d   10\n");
        assert_eq!(columns(&[], 1), "");
    }
}
