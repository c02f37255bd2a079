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

use anyhow::Result;
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
