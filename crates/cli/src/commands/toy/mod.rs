//! `foil toy …`.

pub mod bench;
pub mod diagnose;
mod figures;
mod methods;
mod models;
mod networks;
pub mod plot;
pub mod reproduce;
pub mod sample;
mod samples_file;
pub mod train;

use std::path::Path;

use anyhow::Result;
use foil_diffusion::{Observer, Step};
use foil_toy::{
    figures::Figure,
    training::{Run, Trained},
};

use crate::{
    interrupt,
    progress::{Bar, Progress},
};

/// Pixels of a PNG for each unit of its drawing.
const PIXELS_PER_UNIT: f32 = 2.0;

/// Trains with a bar.
fn train(run: &Run, name: &str, progress: &Progress) -> Result<Trained> {
    let bar = progress.bar(name, u64::from(run.iterations), "iterations");
    let mut smooth: Option<f64> = None;
    let trained = run.train(|step| {
        // A mean over some fifty iterations, because single batches jump.
        let mean = smooth.map_or(step.loss, |mean| mean + 0.02 * (step.loss - mean));
        smooth = Some(mean);
        if step.iteration.is_multiple_of(16) || step.iteration == step.iterations {
            bar.at(u64::from(step.iteration));
            bar.message(format!("loss {mean:.4}"));
        }
        interrupt::check()
    })?;
    let loss = smooth.map_or_else(
        || "was finished".to_owned(),
        |mean| format!("loss {mean:.4}"),
    );
    bar.done(&format!("{} iterations, {loss}", run.iterations));
    Ok(trained)
}

/// Shows the steps of a trajectory on a bar, and lets Ctrl-C end it.
struct Watch<'a>(&'a Bar);

impl Observer for Watch<'_> {
    fn after_step(&mut self, step: &Step<'_>) -> std::ops::ControlFlow<()> {
        self.0.at(step.index as u64 + 1);
        interrupt::check()
    }
}

/// Writes a figure as PNG or SVG, by the ending of the name.
fn write_figure(figure: &Figure, path: &Path) -> Result<()> {
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("svg") => foil_files::write(path, figure.svg().as_bytes())?,
        Some("png") => foil_files::write(path, &figure.png(PIXELS_PER_UNIT)?)?,
        _ => anyhow::bail!(
            "cannot draw {}: a picture's name ends in .png or .svg",
            path.display()
        ),
    }
    Ok(())
}
