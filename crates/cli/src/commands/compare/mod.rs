//! `foil compare`: methods of guidance, each at its best weight, with common seeds.
//!
//! Each weight of a method is judged by few images, the best one by many; features are kept where those of `foil evaluate` are, so that the same command
//! continues and others need not repeat the work. Since many methods that seem better are only stronger, the table says how strong each is.

mod cell;
mod chart;
mod method;
mod table;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use foil_diffusion::Step;
use foil_models::bundled;

use self::{
    cell::{Cell, is_better},
    method::{Method, usual},
};
use super::{
    evaluate::{Asked, Evaluation, GeneratedSource, ImagesManifest, Judge, SourceManifest},
    sample::{Networks, Role, Settings, finite, network_for, write_sheet},
};
use crate::{arguments::Compare, files::Files, interrupt, output, progress::Progress};

/// Trajectories along which the effective scale is measured, and images of a row of the picture.
const ROW: u64 = 16;

/// Compares, prints, and keeps what was found.
pub fn run(arguments: &Compare) -> Result<()> {
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| Work::begin(arguments)?.finish())
}

struct Work<'a> {
    arguments: &'a Compare,
    methods: Vec<Method>,
    files: Files,
    judge: Judge,
    metric: String,
    progress: Progress,
}

impl<'a> Work<'a> {
    fn begin(arguments: &'a Compare) -> Result<Self> {
        let generation = &arguments.generation;
        ensure!(
            generation.guidance.is_none(),
            "--guidance is one method; foil compare has --method, once for each"
        );
        let methods: Vec<Method> = if arguments.methods.is_empty() {
            let usual = usual(|role| network_for(generation, role).is_some());
            usual.into_iter().map(Method::new).collect::<Result<_>>()?
        } else {
            let typed = arguments.methods.iter();
            typed.map(|text| Method::new(text)).collect::<Result<_>>()?
        };
        for method in &methods {
            let settings = method.settings(generation, 2.0)?;
            let checked = settings.check();
            checked.with_context(|| format!("method '{}'", method.name()))?;
        }
        let files = Files::open(&generation.connection)?;
        let bundle = match &generation.model {
            None => Some(bundled::DEFAULT),
            Some(model) => bundled::find(model),
        };
        let asked = Asked {
            metrics: &arguments.metrics,
            extractors: &arguments.extractors,
            reference: arguments.reference.as_ref(),
            training: None,
            shown: &arguments.shown,
            out: &arguments.out,
        };
        let judge = Judge::open(&asked, bundle, &files)?;
        Ok(Self {
            arguments,
            methods,
            files,
            metric: judge.first_metric(),
            judge,
            progress: Progress::new(),
        })
    }

    fn finish(&self) -> Result<()> {
        let (mut swept, mut best) = (Vec::new(), Vec::new());
        for method in &self.methods {
            let weight = if method.is_open() {
                let cells = self.sweep(method)?;
                let weight = self.best(&cells)?;
                swept.push(cells);
                Some(weight)
            } else {
                None
            };
            let mut cell = self.cell(method, weight, self.arguments.images)?;
            cell.effective_scale = self.effective_scale(method, weight)?;
            best.push(cell);
        }
        let out = |name: &str| self.arguments.out.join(name);
        let text = serde_json::to_string_pretty(&best)? + "\n";
        foil_files::write(&out("comparison.json"), text.as_bytes())?;
        chart::draw(&swept, &best, &self.metric, &self.arguments.out)?;
        self.picture(&best, &out("grid.png"))?;
        let folder = self.arguments.out.display();
        self.progress.say(&format!(
            "{folder}: comparison.json, weights and evaluations as .svg and .png, grid.png with a row for each method"
        ));
        output::print(&if self.arguments.json {
            text
        } else {
            table::of(&best)
        })
    }

    fn sweep(&self, method: &Method) -> Result<Vec<Cell>> {
        let weights = self.arguments.weights.0.iter();
        // Exact comparison is meant: 1 is always among them, and is no guidance.
        #[expect(clippy::float_cmp)]
        let guiding = weights.filter(|weight| **weight != 1.0);
        let cells = guiding.map(|&weight| self.cell(method, Some(weight), self.arguments.sweep));
        cells.collect()
    }

    /// The weight of the cell whose number is best.
    fn best(&self, cells: &[Cell]) -> Result<f64> {
        let mut best: Option<&Cell> = None;
        for cell in cells {
            let number = self.number(cell)?;
            let better = match best {
                None => true,
                Some(best) => is_better(number, self.number(best)?),
            };
            if better {
                best = Some(cell);
            }
        }
        let weight = best.and_then(|cell| cell.weight);
        weight.context("--weights has no weight but 1, which is no guidance")
    }

    fn number<'c>(&self, cell: &'c Cell) -> Result<&'c super::evaluate::Number> {
        let number = cell.decides(&self.metric);
        number.with_context(|| {
            format!(
                "{} is several numbers; the first of --metrics decides, and must be one",
                self.metric
            )
        })
    }

    fn cell(&self, method: &Method, weight: Option<f64>, count: usize) -> Result<Cell> {
        let generation = &self.arguments.generation;
        let settings = method.settings(generation, weight.unwrap_or(1.0))?;
        let title = format!("{}, {}", settings.model, settings.guidance);
        let how = (generation.batch, &generation.device);
        let mut source = GeneratedSource::open(settings, [0, count as u64], how, &self.files)?;
        let images = ImagesManifest {
            count,
            repeats: 1,
            source: SourceManifest::Generated(Box::new(source.manifest())),
        };
        let (evaluation, _): (Evaluation, PathBuf) =
            self.judge.judge(&title, &mut source, images)?;
        Ok(Cell {
            method: method.name().to_owned(),
            weight,
            effective_scale: None,
            evaluations: Cell::asked(&evaluation),
            evaluation,
        })
    }

    /// Settings that name the unconditional network whether the method needs it or not.
    fn effective_scale(&self, method: &Method, weight: Option<f64>) -> Result<Option<f64>> {
        let generation = &self.arguments.generation;
        let mut settings = method.settings(generation, weight.unwrap_or(1.0))?;
        settings.unconditional = network_for(generation, Role::Unconditional);
        let networks = self.networks(&settings)?;
        let generator = networks.loaded()?.generator(&settings)?;
        let seeds: Vec<u64> = (0..ROW).collect();
        let mut watch = |_: &Step<'_>| interrupt::check();
        Ok(generator.effective_scale(&seeds, &generation.device, &mut watch)?)
    }

    fn networks(&self, settings: &Settings) -> Result<Networks> {
        let mut networks = Networks::open(settings, &self.files)?;
        let device = &self.arguments.generation.device;
        networks.load(settings.precision, device, &self.progress)?;
        Ok(networks)
    }

    /// The same seeds by each method, a row for each.
    fn picture(&self, best: &[Cell], path: &std::path::Path) -> Result<()> {
        let mut images = Vec::new();
        for (method, cell) in self.methods.iter().zip(best) {
            let generation = &self.arguments.generation;
            let settings = method.settings(generation, cell.weight.unwrap_or(1.0))?;
            let networks = self.networks(&settings)?;
            let loaded = networks.loaded()?;
            let seeds: Vec<u64> = (0..ROW).collect();
            let mut watch = |_: &Step<'_>| interrupt::check();
            let generator = loaded.generator(&settings)?;
            let made = generator.batch(&seeds, &generation.device, &mut watch)?;
            for (row, &seed) in seeds.iter().enumerate() {
                let sample = made.samples.narrow(0, row, 1)?;
                finite(&sample, seed)?;
                images.extend(loaded.pixels(&sample)?);
            }
        }
        write_sheet(path, &images, ROW as usize)
    }
}
