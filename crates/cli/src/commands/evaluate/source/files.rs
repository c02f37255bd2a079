//! Images that are there: a data set, or a folder of `foil sample`.

use std::path::Path;

use anyhow::{Result, ensure};
use foil_data::{Dataset, Kind};
use foil_evaluation::{Images, Named};
use rayon::prelude::*;

use super::{Batch, Source, samples::Samples};
use crate::{
    arguments::{Shown, SplitName},
    commands::{data::say_skipped, evaluate::last_part},
    interrupt,
    progress::Progress,
};

/// Images at once.
const BATCH: usize = 64;

/// Images of files, or the first part of them.
pub struct FileSource {
    images: Box<dyn Images>,
    classes: Option<Vec<u32>>,
    named: Named,
    left_out: usize,
    count: usize,
    /// Where the first one lies, and how far the next.
    first: usize,
    step: usize,
}

impl FileSource {
    /// Opens a folder of `foil sample`, whose images say their classes, or a data set as a network on images of this size sees it, or in its own
    /// size. Files that are not among its images are named.
    pub fn open(path: &Path, shown: &Shown, resolution: Option<usize>) -> Result<Self> {
        if shown.split.is_none()
            && shown.fit.is_none()
            && path.is_dir()
            && let Ok(samples) = Samples::open(path)
        {
            let named = Named {
                name: last_part(path),
                fingerprint: samples.fingerprint()?,
            };
            return Ok(Self {
                count: samples.count(),
                classes: Some(samples.classes.clone()),
                named,
                left_out: 0,
                first: 0,
                step: 1,
                images: Box::new(samples),
            });
        }
        let dataset = Dataset::open(path, &shown.options(resolution))?;
        ensure!(
            dataset.kind() == Kind::Pixels,
            "{} holds latents; only pixels can be judged",
            path.display()
        );
        say_skipped(&Progress::new(), dataset.skipped());
        let name = match shown.split {
            None | Some(SplitName::Train) => last_part(path),
            Some(SplitName::Test) => format!("{}, test part", last_part(path)),
        };
        let [channels, height, width] = dataset.shape();
        let fingerprint = dataset.fingerprint();
        Ok(Self {
            count: dataset.len(),
            classes: (0..dataset.len())
                .map(|index| dataset.label(index))
                .collect(),
            named: Named {
                name,
                fingerprint: format!("{fingerprint}-{channels}x{height}x{width}"),
            },
            left_out: dataset.skipped().len(),
            first: 0,
            step: 1,
            images: Box::new(dataset),
        })
    }

    /// So many of them, each `step` after the one before: of a set that is sorted by class, all classes.
    #[must_use]
    pub fn part(mut self, first: usize, step: usize, count: usize) -> Self {
        let all = self.count;
        self.named.name = format!("{}, {count} of {all}", self.named.name);
        self.named.fingerprint = format!("{}-{first}-{step}-{count}", self.named.fingerprint);
        self.count = count;
        self.classes = self.classes.map(|classes| {
            let places = (0..count).map(|place| classes[first + step * place]);
            places.collect()
        });
        [self.first, self.step] = [first, step];
        self
    }

    /// What tells the images from others.
    pub fn named(&self) -> Named {
        self.named.clone()
    }

    /// Files that are not among its images.
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

impl Source for FileSource {
    fn count(&self) -> usize {
        self.count
    }

    fn shape(&self) -> [usize; 3] {
        self.images.shape()
    }

    fn has_classes(&self) -> bool {
        self.classes.is_some()
    }

    fn each(&mut self, first: usize, take: &mut dyn FnMut(&Batch) -> Result<()>) -> Result<()> {
        let size = self.shape().iter().product();
        for start in (first..self.count).step_by(BATCH) {
            let end = (start + BATCH).min(self.count);
            let mut levels = vec![0; (end - start) * size];
            let places = levels.par_chunks_mut(size).enumerate();
            let [first, step] = [self.first, self.step];
            places.try_for_each(|(place, out)| {
                self.images.read(first + step * (start + place), out)
            })?;
            let classes = self.classes.as_deref();
            take(&Batch {
                levels,
                classes: classes.map_or_else(Vec::new, |classes| classes[start..end].to_vec()),
            })?;
            ensure!(interrupt::check().is_continue(), "interrupted");
        }
        Ok(())
    }
}
