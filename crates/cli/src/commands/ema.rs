//! `foil ema`: averages of a run's weights that it did not keep itself.

use std::fmt::Write as _;

use anyhow::Result;
use foil_training::reconstruction::{Precision, Reconstruction, Run};

use crate::{
    arguments::{Ema, StoredPrecision},
    interrupt, output,
    progress::Progress,
};

/// Makes the averages that are not there yet, and prints where all of them are.
pub fn run(arguments: &Ema) -> Result<()> {
    let progress = Progress::new();
    let (out, lengths) = (&arguments.out, &arguments.std.0);
    let run = Run::open(&arguments.run)?;
    let images = run.images_at(arguments.time)?;
    let precision = match arguments.precision {
        StoredPrecision::F32 => Precision::F32,
        StoredPrecision::Bf16 => Precision::Bf16,
        StoredPrecision::F16 => Precision::F16,
    };
    let job = Reconstruction::new(&run, images, lengths, precision)?;
    let missing = job.missing(out)?;
    if missing.len() < lengths.len() {
        let there = lengths.len() - missing.len();
        progress.say(&format!("{there} of {} averages are there", lengths.len()));
    }
    if !missing.is_empty() {
        foil_files::check_writable(out)?;
        let misfits: Vec<f64> = job.misfits().collect();
        for &index in &missing {
            progress.say(&format!(
                "EMA {:.3} after {images} images: {} snapshots give its profile to within {:.2} %",
                lengths[index],
                job.snapshots(),
                100.0 * misfits[index]
            ));
        }
        let bar = progress.bytes("reading snapshots", 0, Some(job.bytes()));
        job.write(out, &missing, &mut |bytes| {
            bar.at(bytes);
            interrupt::check()
        })?;
        bar.done(&format!("{:.1} MB", job.bytes() as f64 / 1e6));
    }
    let mut lines = String::new();
    for path in job.paths(out) {
        // Writing into a text cannot fail.
        let _ = writeln!(lines, "{}", path.display());
    }
    output::print(&lines)
}
