//! The work itself: which images are missing, batches of them, and what is written.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use foil_diffusion::Step;
use foil_models::edm2::Generated;

use super::{
    grid, image,
    networks::{BATCH, Networks, finite},
    raw::{self, Raw},
    record::{self, Record},
    resolve::Job,
    settings::difference,
    watch::Watch,
};
use crate::{arguments::SampleImages, files::Files, output, progress::Progress};

/// Makes the images that are not there yet.
pub fn run(arguments: &SampleImages) -> Result<()> {
    let job = Job::resolve(arguments)?;
    if arguments.dry_run {
        output::print(&toml::to_string(&job.settings)?)?;
        output::print(&format!(
            "# {} images into {}\n",
            job.seeds.len(),
            arguments.output.out.display()
        ))?;
        return Ok(());
    }
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| Work::begin(arguments, job)?.finish())
}

struct Work<'a> {
    arguments: &'a SampleImages,
    job: Job,
    networks: Networks,
    raw: Option<Raw>,
    progress: Progress,
}

impl<'a> Work<'a> {
    fn begin(arguments: &'a SampleImages, job: Job) -> Result<Self> {
        let progress = Progress::new();
        let networks = Networks::open(
            &job.settings,
            &Files::open(&arguments.generation.connection)?,
        )?;
        foil_files::check_writable(&arguments.output.out)?;
        if let Some(expected) = &job.expected {
            let same = networks.fingerprints() == *expected;
            ensure!(same, "the weights are not those the image was made with");
        }
        let config = networks.config();
        let settings = serde_json::to_string(&job.settings)?;
        let layout = raw::Layout {
            seeds: &job.seeds,
            shape: [config.channels, config.resolution, config.resolution],
            classes: networks.classes(),
            settings: &settings,
        };
        let raw = arguments
            .output
            .raw
            .as_deref()
            .map(|path| Raw::open(path, &layout));
        let raw = raw.transpose()?;
        Ok(Self {
            arguments,
            job,
            networks,
            raw,
            progress,
        })
    }

    fn finish(mut self) -> Result<()> {
        let missing = self.missing()?;
        let (all, made) = (self.job.seeds.len(), missing.len());
        if made < all {
            self.progress
                .say(&format!("{} of {all} images are there", all - made));
        }
        if made > 0 {
            let precision = self.job.settings.precision;
            self.networks
                .load(precision, &self.arguments.generation.device, &self.progress)?;
            self.make(&missing)?;
        }
        if let Some(raw) = self.raw.take() {
            raw.finish()?;
        }
        if self.arguments.wants_grid() {
            let shown = self.job.seeds.iter().take(grid::LARGEST);
            let images: Vec<PathBuf> = shown.map(|&seed| self.path(seed)).collect();
            grid::compose(&images, &self.arguments.output.out.join("grid.png"))?;
        }
        Ok(())
    }

    fn path(&self, seed: u64) -> PathBuf {
        record::path_of(
            &self.arguments.output.out,
            seed,
            self.arguments.output.subfolders,
        )
    }

    /// Places of the seeds whose image is not there; an image of other settings is not taken for one of these.
    fn missing(&self) -> Result<Vec<usize>> {
        let mut missing = Vec::new();
        for (index, &seed) in self.job.seeds.iter().enumerate() {
            let path = self.path(seed);
            if !path.exists() {
                missing.push(index);
            } else if let Some(problem) = self.difference(&path, seed) {
                ensure!(
                    self.arguments.output.overwrite,
                    "{}: {problem}; choose another folder, or --overwrite",
                    path.display()
                );
                missing.push(index);
            } else if self.raw.as_ref().is_some_and(|raw| !raw.has(index)) {
                missing.push(index);
            }
        }
        Ok(missing)
    }

    fn difference(&self, path: &std::path::Path, seed: u64) -> Option<String> {
        let found = match image::read::<Record>(path) {
            Ok(found) => found,
            Err(error) => return Some(format!("{error:#}")),
        };
        match difference(&self.job.settings, &found.settings) {
            Ok(None) if found.seed != seed => Some(format!("made of seed {}", found.seed)),
            Ok(None) if found.fingerprints != self.networks.fingerprints() => {
                Some("made with other weights of the same name".to_owned())
            }
            Ok(None) => None,
            Ok(Some(difference)) => Some(format!("made with {difference}")),
            Err(error) => Some(format!("{error:#}")),
        }
    }

    fn make(&self, missing: &[usize]) -> Result<()> {
        let loaded = self.networks.loaded()?;
        let settings = &self.job.settings;
        let generator = loaded.generator(settings)?;
        let mut watch = Watch::new(&self.progress, missing.len(), settings.steps);
        for batch in missing.chunks(self.arguments.generation.batch.unwrap_or(BATCH)) {
            watch.begin(batch.len());
            let seeds: Vec<u64> = batch.iter().map(|&index| self.job.seeds[index]).collect();
            let device = &self.arguments.generation.device;
            let made = generator.batch(&seeds, device, &mut |step: &Step<'_>| watch.step(step));
            self.keep(batch, &made?)?;
        }
        watch.done();
        Ok(())
    }

    /// Writes a batch: first the raw results, then the images, which say that all is there.
    fn keep(&self, batch: &[usize], made: &Generated) -> Result<()> {
        let loaded = self.networks.loaded()?;
        for (row, &index) in batch.iter().enumerate() {
            let seed = self.job.seeds[index];
            let sample = made.samples.narrow(0, row, 1)?;
            let numbers = finite(&sample, seed)?;
            let class = made.classes.get(row).copied();
            if let Some(raw) = &self.raw {
                let mut label = vec![0.0; self.networks.classes()];
                if let Some(class) = class {
                    label[class as usize] = 1.0;
                }
                raw.put(index, &label, &numbers)?;
            }
            let record = Record {
                seed,
                drawn_class: class,
                fingerprints: self.networks.fingerprints(),
                settings: self.job.settings.clone(),
            };
            for pixels in loaded.pixels(&sample)? {
                image::write(&self.path(seed), &pixels, Some(&record))?;
            }
        }
        Ok(())
    }
}
