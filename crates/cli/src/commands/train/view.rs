//! What a run looks like while it goes: a live view on a terminal, a line for each status elsewhere.

use std::ops::ControlFlow;

use foil_models::Weights;
use foil_training::{Error, Observer, Progress, Result, Status};

use super::samples::Samples;
use crate::{interrupt, progress};

/// The view of one run.
pub struct View {
    progress: progress::Progress,
    bar: Option<progress::Bar>,
    samples: Option<Samples>,
    start: u64,
}

impl View {
    /// Of a run that has seen so many images.
    pub fn new(start: u64, samples: Option<Samples>) -> Self {
        Self {
            progress: progress::Progress::new(),
            bar: None,
            samples,
            start,
        }
    }

    /// Says no more.
    pub fn end(&mut self) {
        self.bar = None;
    }
}

impl Observer for View {
    fn step(&mut self, progress: &Progress) -> ControlFlow<()> {
        let start = self.start;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = self.progress.continued("images", start, progress.end);
            bar.at(start);
            bar
        });
        bar.at(progress.images);
        bar.message(format!("loss {:.4}", progress.loss));
        interrupt::check()
    }

    fn status(&mut self, status: &Status) {
        self.progress.say(&line(status));
    }

    fn samples(&mut self, images_seen: u64, network: &Weights) -> Result<()> {
        let Some(samples) = &self.samples else {
            return Ok(());
        };
        let drawn = samples.draw(images_seen, network);
        let path = drawn.map_err(|error| Error::Settings(format!("{error:#}")))?;
        self.progress.say(&format!("samples in {}", path.display()));
        Ok(())
    }
}

/// A status in one line.
fn line(status: &Status) -> String {
    let bands = status.bands.iter().map(|band| match band.loss {
        Some(loss) => format!("{loss:.3}"),
        None => "–".to_owned(),
    });
    let bands: Vec<String> = bands.collect();
    let accuracy = status.accuracy.map_or(String::new(), |share| {
        format!("  right {:.1} %", 100.0 * share)
    });
    format!(
        "{:>10} images  loss {:.4} [{}]  {:.0} images/s  learning rate {:.2e}  gradient {:.3}{accuracy}",
        status.images,
        status.loss,
        bands.join(" "),
        status.images_per_second,
        status.learning_rate,
        status.gradient_norm
    )
}
