//! `foil data convert`: a data set as one archive.

use anyhow::{Context, Result, bail};
use foil_data::{Dataset, write_archive};
use foil_files::{check_writable, folder_of};

use super::say_skipped;
use crate::{arguments::ConvertData, interrupt, output, progress::Progress};

/// Writes the archive and says so in one line.
pub fn run(arguments: &ConvertData) -> Result<()> {
    let ConvertData {
        selection,
        out,
        force,
    } = arguments;
    if !force && std::fs::symlink_metadata(out).is_ok() {
        bail!("{} exists; --force writes over it", out.display());
    }
    let dataset = Dataset::open(&selection.data, &selection.options())?;
    check_writable(folder_of(out))?;
    let progress = Progress::new();
    let bar = progress.bar("converting", dataset.len() as u64, "images");
    let written = write_archive(out, &dataset, &mut |images| {
        bar.at(images as u64);
        interrupt::check()
    })?;
    bar.done(&format!("{} images", written.images));
    let skipped = [dataset.skipped(), written.skipped.as_slice()].concat();
    say_skipped(&progress, &skipped);
    let bytes = std::fs::metadata(out)
        .with_context(|| out.display().to_string())?
        .len();
    let [channels, height, width] = dataset.shape();
    output::print(&format!(
        "{}: {} images, {channels} × {height} × {width}, {} classes, {bytes} bytes\n",
        out.display(),
        written.images,
        dataset.classes()
    ))
}
