//! `foil sample`: images of a network, guided by another one or not.

mod grid;
mod image;
mod job;
mod networks;
mod raw;
mod record;
mod resolve;
mod settings;
mod watch;

pub use job::run;
pub use networks::EXPECTED_BATCH;
pub use resolve::precision;

/// Images side by side.
pub use grid::sheet;

/// Writes a picture without a record of how it was made.
pub fn write_picture(path: &std::path::Path, pixels: &foil_models::Pixels) -> anyhow::Result<()> {
    image::write::<record::Record>(path, pixels, None)
}
