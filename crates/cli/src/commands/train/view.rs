//! What a run looks like while it goes: a live view on a terminal, a line for each status elsewhere.

use std::ops::ControlFlow;

use foil_models::Weights;
use foil_training::{Error, Observer, Progress, Result, Status};

use super::{panel, samples::Samples};
use crate::{interrupt, progress};

/// The view of one run.
pub struct View {
    progress: progress::Progress,
    panel: Option<progress::Panel>,
    bar: Option<progress::Bar>,
    history: Vec<Status>,
    samples: Option<Samples>,
    start: u64,
}

impl View {
    /// Of a run that has seen so many images and has said this.
    pub fn new(start: u64, history: Vec<Status>, samples: Option<Samples>) -> Self {
        let progress = progress::Progress::new();
        let panel = progress.panel();
        if let Some(panel) = &panel {
            panel.show(panel::drawn(&history));
        }
        Self {
            progress,
            panel,
            bar: None,
            history,
            samples,
            start,
        }
    }

    /// Says no more. What it showed last stays.
    pub fn end(&mut self) {
        self.bar = None;
        self.panel = None;
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
        self.history.push(status.clone());
        match &self.panel {
            Some(panel) => panel.show(panel::drawn(&self.history)),
            None => self.progress.say(&panel::line(status)),
        }
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
