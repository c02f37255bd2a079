//! `foil toy plot`: samples over the distribution.

use anyhow::Result;
use foil_toy::figures::{Panel, figure_1};

use super::{samples_file, write_figure};
use crate::arguments::Plot;

/// Points drawn in a panel: more only blacken it.
const DRAWN: usize = 8192;

/// One panel for each file.
pub fn run(arguments: &Plot) -> Result<()> {
    let files: Vec<_> = arguments
        .samples
        .iter()
        .map(|path| samples_file::read(path))
        .collect::<Result<_>>()?;
    let panels: Vec<Panel<'_>> = files
        .iter()
        .map(|(points, title)| {
            let (title, subtitle) = title.split_once(", ").unwrap_or((title, ""));
            Panel {
                title,
                subtitle,
                points: &points[..points.len().min(DRAWN)],
            }
        })
        .collect();
    write_figure(&figure_1(&panels)?, &arguments.out)
}
