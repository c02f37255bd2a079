//! Settings against each other: images of all are made and judged alike, and one number decides.

use std::path::Path;

use anyhow::{Context, Result};

use super::{
    judge::{Asked, Judge},
    manifest::{Better, Evaluation, ImagesManifest, Number, SourceManifest},
    source::{GeneratedSource, Seeds},
};
use crate::{
    arguments::{Deciding, Generation},
    commands::sample::{Settings, bundle_of},
    files::Files,
    progress::Progress,
};

/// Ready to judge settings.
pub struct Contest<'a> {
    generation: &'a Generation,
    pub files: Files,
    judge: Judge,
    /// What the deciding number is called.
    pub metric: String,
    pub progress: Progress,
}

impl<'a> Contest<'a> {
    /// Opens networks that judge, and what images are compared with. Features and results are kept in `out`.
    pub fn open(deciding: &Deciding, generation: &'a Generation, out: &Path) -> Result<Self> {
        let files = Files::open(&generation.connection)?;
        let asked = Asked {
            metrics: &deciding.metrics,
            extractors: &deciding.extractors,
            reference: deciding.reference.as_ref(),
            training: None,
            shown: &deciding.shown,
            out,
        };
        let judge = Judge::open(&asked, bundle_of(generation)?, &files)?;
        Ok(Self {
            generation,
            files,
            metric: judge.first_metric(),
            progress: judge.progress.clone(),
            judge,
        })
    }

    /// With judging that leaves no lines: something else is told of each.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.judge.progress = self.progress.passing();
        self
    }

    /// Makes and judges images of these seeds; those that were described before are not made again.
    pub fn judge(&self, title: &str, settings: &Settings, seeds: Seeds) -> Result<Evaluation> {
        let how = (self.generation.batch, &self.generation.device);
        let progress = &self.judge.progress;
        let mut source =
            GeneratedSource::open(settings.clone(), seeds, how, &self.files, progress)?;
        let images = ImagesManifest {
            count: seeds.count,
            repeats: 1,
            source: SourceManifest::Generated(Box::new(source.manifest())),
        };
        let (evaluation, _) = self.judge.judge(title, &mut source, images)?;
        Ok(evaluation)
    }

    /// The number that decides.
    pub fn number<'e>(&self, evaluation: &'e Evaluation) -> Result<&'e Number> {
        let number = evaluation.results.get(&self.metric);
        number.with_context(|| {
            format!(
                "{} is several numbers; the first of --metrics decides, and must be one",
                self.metric
            )
        })
    }
}

impl Number {
    /// Less is better, whatever the metric.
    pub fn loss(&self) -> f64 {
        match self.better {
            Better::Higher => -self.value,
            Better::Lower | Better::Neither => self.value,
        }
    }
}
