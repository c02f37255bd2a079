//! `foil sample --compare`: the same seeds without guidance, with classifier-free guidance and with autoguidance, in one labelled
//! picture. Karras et al. 2024, *Guiding a Diffusion Model with a Bad Version of Itself*, Figure 4.
//!
//! The picture is written anew after each cell, with a note of what it shows and how many cells are done: so the same command
//! continues where it was stopped.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use foil_diffusion::Step;
use foil_models::Pixels;
use serde::{Deserialize, Serialize};

use super::{
    caption,
    comparison::{Cell, Comparison},
    image::{self, Note},
    layout::Layout,
    networks::{BATCH, Networks, finite},
    resolve,
    watch::Watch,
};
use crate::{
    arguments::{SampleImages, Weights},
    files::Files,
    output,
    progress::Progress,
};

/// What the picture says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Drawn {
    comparison: Comparison,
    /// Of the files of weights, in the order model, guide, unconditional, autoencoder.
    fingerprints: Vec<String>,
    /// Cells that are done.
    cells: usize,
}

impl Note for Drawn {
    const KEYWORD: &str = "foil-comparison";
    const ORIGIN: &str = "picture made by `foil sample --compare`";
}

/// Draws what is not drawn yet.
pub fn run(arguments: &SampleImages, weights: &Weights) -> Result<()> {
    let comparison = resolve::comparison(arguments, weights)?;
    let out = arguments.output.out.join("compare.png");
    if arguments.dry_run {
        let count = comparison.cells().len() * comparison.seeds.len();
        output::print(&toml::to_string(&comparison)?)?;
        return output::print(&format!("# {count} images into {}\n", out.display()));
    }
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| Work::begin(arguments, comparison, out)?.finish())
}

struct Work<'a> {
    arguments: &'a SampleImages,
    networks: Networks,
    layout: Layout,
    out: PathBuf,
    sheet: Pixels,
    drawn: Drawn,
    progress: Progress,
}

impl<'a> Work<'a> {
    fn begin(arguments: &'a SampleImages, comparison: Comparison, out: PathBuf) -> Result<Self> {
        let files = Files::open(&arguments.generation.connection)?;
        let networks = Networks::open(&comparison.all_networks(), &files)?;
        let cells = [comparison.rows().len(), comparison.weights.len()];
        let layout = Layout::new(cells, comparison.seeds.len(), networks.image_side());
        let sheet = layout.sheet(&caption::labels(&comparison), &comparison.shown())?;
        foil_files::check_writable(&arguments.output.out)?;
        let drawn = Drawn {
            fingerprints: networks.fingerprints(),
            comparison,
            cells: 0,
        };
        Ok(Self {
            arguments,
            networks,
            layout,
            out,
            sheet,
            drawn,
            progress: Progress::new(),
        })
    }

    fn finish(mut self) -> Result<()> {
        self.resume()?;
        let cells = self.drawn.comparison.cells();
        let missing = &cells[self.drawn.cells..];
        if self.drawn.cells > 0 {
            let (all, made) = (cells.len(), self.drawn.cells);
            self.progress
                .say(&format!("{made} of {all} cells are there"));
        }
        if !missing.is_empty() {
            let precision = self.drawn.comparison.unguided.precision;
            self.networks
                .load(precision, &self.arguments.generation.device, &self.progress)?;
            self.make(missing)?;
        }
        Ok(())
    }

    /// Goes on with a picture that is there; one of something else is not taken for this one.
    fn resume(&mut self) -> Result<()> {
        if !self.out.exists() {
            return Ok(());
        }
        match self.found() {
            Ok((sheet, cells)) => {
                self.sheet = sheet;
                self.drawn.cells = cells;
            }
            Err(problem) => ensure!(
                self.arguments.output.overwrite,
                "{}: {problem:#}; choose another folder, or --overwrite",
                self.out.display()
            ),
        }
        Ok(())
    }

    /// The picture that is there, and how many of its cells are done.
    fn found(&self) -> Result<(Pixels, usize)> {
        let found: Drawn = image::read(&self.out)?;
        if let Some(difference) = self.drawn.comparison.difference(&found.comparison)? {
            bail!("made with {difference}");
        }
        ensure!(
            found.fingerprints == self.drawn.fingerprints,
            "made with other weights of the same name"
        );
        let sheet = image::read_pixels(&self.out)?;
        let size = |sheet: &Pixels| [sheet.width, sheet.height];
        ensure!(
            size(&sheet) == size(&self.sheet) && found.cells <= self.drawn.comparison.cells().len(),
            "made by another version of this program"
        );
        Ok((sheet, found.cells))
    }

    fn make(&mut self, missing: &[Cell]) -> Result<()> {
        let Comparison {
            seeds, unguided, ..
        } = &self.drawn.comparison;
        let images = missing.len() * seeds.len();
        let mut watch = Watch::new(&self.progress, images, unguided.steps);
        for &cell in missing {
            let images = self.images(cell, &mut watch)?;
            for place in self.drawn.comparison.places(cell) {
                self.layout.put(&mut self.sheet, place, &images);
            }
            self.drawn.cells += 1;
            image::write(&self.out, &self.sheet, Some(&self.drawn))?;
        }
        watch.done();
        Ok(())
    }

    /// The images of a cell, as `foil sample` makes them with the same settings.
    fn images(&self, cell: Cell, watch: &mut Watch) -> Result<Vec<Pixels>> {
        let settings = self.drawn.comparison.settings(cell);
        let loaded = self.networks.loaded()?;
        let generator = loaded.generator(&settings)?;
        let device = &self.arguments.generation.device;
        let mut images = Vec::new();
        for seeds in self
            .drawn
            .comparison
            .seeds
            .chunks(self.arguments.generation.batch.unwrap_or(BATCH))
        {
            watch.begin(seeds.len());
            let made = generator.batch(seeds, device, &mut |step: &Step<'_>| watch.step(step))?;
            for (row, &seed) in seeds.iter().enumerate() {
                let sample = made.samples.narrow(0, row, 1)?;
                finite(&sample, seed).with_context(|| settings.guidance.clone())?;
                images.extend(loaded.pixels(&sample)?);
            }
        }
        Ok(images)
    }
}
