//! `foil sample`: images of a network, guided by another one or not.

mod caption;
mod compare;
mod comparison;
mod grid;
mod image;
mod job;
mod layout;
mod networks;
mod raw;
mod recipe;
mod record;
mod resolve;
mod settings;
mod watch;

pub use image::{read as read_note, read_pixels};
pub use networks::{EXPECTED_BATCH, Networks, finite};
pub use record::{Record, images_in};
pub use resolve::{bundle_of, network_for, precision, settings, settings_of};
pub use settings::{Role, Settings};

use std::path::Path;

use anyhow::{Context, Result};
use foil_models::Pixels;

use crate::arguments::SampleImages;

/// Makes images, or one picture that compares them.
pub fn run(arguments: &SampleImages) -> Result<()> {
    match &arguments.compare {
        Some(weights) => compare::run(arguments, weights),
        None => job::run(arguments),
    }
}

/// Writes images of one size as one picture, in rows of so many.
pub fn write_sheet(path: &Path, images: &[Pixels], columns: usize) -> Result<()> {
    let sheet = grid::sheet(images, columns)?;
    image::write::<record::Record>(path, &sheet, None)
}

/// Images side by side, and what they are called.
pub struct Row {
    pub name: Vec<String>,
    pub images: Vec<Pixels>,
}

/// Writes rows of images of one size, with their names, as one picture. The caption is of statements, of which as many stand in a line as fit.
pub fn write_rows(path: &Path, rows: &[Row], caption: Vec<String>) -> Result<()> {
    let first = rows.first().and_then(|row| row.images.first());
    let first = first.context("there are no images")?;
    let names = rows.iter().flat_map(|row| &row.name);
    let letters = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let images = rows.iter().map(|row| row.images.len()).max().unwrap_or(0);
    let layout = layout::Layout::rows(rows.len(), images, first.height, letters);
    let labels = layout::Labels {
        rows: rows.iter().map(|row| row.name.clone()).collect(),
        columns: Vec::new(),
        caption,
    };
    let mut sheet = layout.sheet(&labels, &[])?;
    for (number, row) in rows.iter().enumerate() {
        layout.put(&mut sheet, [number, 0], &row.images);
    }
    image::write::<record::Record>(path, &sheet, None)
}
