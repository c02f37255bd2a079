//! `foil compare`: methods of guidance, each at its best weight, with common seeds.
//!
//! Each weight of a method is judged by few images, the best one by many; features are kept where those of `foil evaluate` are, so that the same command
//! continues and others need not repeat the work. Since many methods that seem better are only stronger, the table says how strong each is.

mod cell;
mod chart;
mod picture;
mod table;
mod usual;

use anyhow::{Context, Result, ensure};
use foil_diffusion::Step;

use self::{
    cell::{AsStrong, Cell},
    usual::usual,
};
use super::{
    evaluate::{Contest, Order, Seeds},
    method::Method,
    sample::{Networks, Role, Settings, network_for, settings_of},
};
use crate::{
    arguments::{Compare, Generation},
    interrupt, output,
};

/// Trajectories along which the effective scale is measured, and images of a row of the picture.
const ROW: u64 = 16;

/// Methods that are compared have none that is open.
const NO_INTERVAL: [f64; 2] = [0.0, 1.0];

/// Compares, prints, and keeps what was found.
pub fn run(arguments: &Compare) -> Result<()> {
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| Work::begin(arguments)?.finish())
}

struct Work<'a> {
    arguments: &'a Compare,
    methods: Vec<Method>,
    contest: Contest<'a>,
}

impl<'a> Work<'a> {
    fn begin(arguments: &'a Compare) -> Result<Self> {
        let generation = &arguments.generation;
        ensure!(
            generation.guidance.is_none(),
            "--guidance is one method; foil compare has --method, once for each"
        );
        let methods: Vec<Method> = if arguments.methods.is_empty() {
            usual(generation)?
        } else {
            let typed = arguments.methods.iter();
            typed.map(|text| Method::new(text)).collect::<Result<_>>()?
        };
        for method in &methods {
            check(method, generation).with_context(|| format!("method '{}'", method.name()))?;
        }
        ensure!(
            !arguments.calibrate || network_for(generation, Role::Unconditional)?.is_some(),
            "--calibrate needs --unconditional MODEL, which classifier-free guidance is by"
        );
        Ok(Self {
            contest: Contest::open(&arguments.deciding, generation, &arguments.out)?,
            arguments,
            methods,
        })
    }

    fn finish(&self) -> Result<()> {
        let (mut swept, mut best) = (Vec::new(), Vec::new());
        for method in &self.methods {
            let weight = if method.weights() > 0 {
                let cells = self.sweep(method)?;
                let weight = self.best(&cells)?;
                swept.push(cells);
                Some(weight)
            } else {
                None
            };
            let mut cell = self.cell(method, weight, self.arguments.images)?;
            cell.effective_scale = self.effective_scale(method, weight)?;
            cell.as_strong = self.as_strong(&cell)?;
            best.push(cell);
        }
        let out = |name: &str| self.arguments.out.join(name);
        let text = serde_json::to_string_pretty(&best)? + "\n";
        foil_files::write(&out("comparison.json"), text.as_bytes())?;
        chart::draw(&swept, &best, &self.contest.metric, &self.arguments.out)?;
        picture::draw(self, &best, &out("grid.png"))?;
        let folder = self.arguments.out.display();
        self.contest.progress.say(&format!(
            "{folder}: comparison.json, weights and evaluations as .svg and .png, grid.png with a row for each method"
        ));
        output::print(&if self.arguments.json {
            text
        } else {
            table::of(&best)
        })
    }

    fn sweep(&self, method: &Method) -> Result<Vec<Cell>> {
        let neutral = method.neutral()?.first().copied().unwrap_or(1.0);
        let beyond = self.arguments.weights.0.iter().map(|weight| weight - 1.0);
        // 1 is always among the weights, and is no guidance.
        let guiding = beyond.filter(|beyond| *beyond != 0.0);
        // Differences of decimals are decimals.
        let weights = guiding.map(|beyond| ((neutral + beyond) * 1e9).round() / 1e9);
        let cells = weights.map(|weight| self.cell(method, Some(weight), self.arguments.sweep));
        cells.collect()
    }

    /// The weight of the cell whose number is best.
    fn best(&self, cells: &[Cell]) -> Result<f64> {
        let mut best: Option<(f64, &Cell)> = None;
        for cell in cells {
            let loss = self.contest.number(&cell.evaluation)?.loss();
            if best.is_none_or(|(least, _)| loss < least) {
                best = Some((loss, cell));
            }
        }
        let weight = best.and_then(|(_, cell)| cell.weight);
        weight.context("--weights has no weight but 1, which is no guidance")
    }

    fn cell(&self, method: &Method, weight: Option<f64>, count: usize) -> Result<Cell> {
        let generation = &self.arguments.generation;
        let settings = settings_at(method, generation, weight)?;
        let title = format!("{}, {}", settings.model, settings.guidance);
        let seeds = Seeds {
            first: 0,
            count,
            order: Order::Following,
        };
        let evaluation = self.contest.judge(&title, &settings, seeds)?;
        Ok(Cell {
            method: method.name().to_owned(),
            weight,
            effective_scale: None,
            as_strong: None,
            evaluations: Cell::asked(&evaluation),
            evaluation,
        })
    }

    /// Settings that name the unconditional network whether the method needs it or not.
    fn effective_scale(&self, method: &Method, weight: Option<f64>) -> Result<Option<f64>> {
        let generation = &self.arguments.generation;
        let mut settings = settings_at(method, generation, weight)?;
        settings.unconditional = network_for(generation, Role::Unconditional)?;
        let networks = self.networks(&settings)?;
        let generator = networks.loaded()?.generator(&settings)?;
        let seeds: Vec<u64> = (0..ROW).collect();
        let mut watch = |_: &Step<'_>| interrupt::check();
        Ok(generator.effective_scale(&seeds, &generation.device, &mut watch)?)
    }

    /// Classifier-free guidance at a cell's effective scale, as GA-Eval compares (arXiv 2602.22570).
    fn as_strong(&self, cell: &Cell) -> Result<Option<AsStrong>> {
        let scale = cell.effective_scale.filter(|scale| scale.is_finite());
        let Some(scale) = scale.filter(|_| self.arguments.calibrate) else {
            return Ok(None);
        };
        let weight = (scale * 100.0).round() / 100.0;
        let cell = self.cell(&Method::new("cfg:W")?, Some(weight), self.arguments.images)?;
        let number = self.contest.number(&cell.evaluation)?.clone();
        Ok(Some(AsStrong { weight, number }))
    }

    fn networks(&self, settings: &Settings) -> Result<Networks> {
        let mut networks = Networks::open(settings, &self.contest.files)?;
        let device = &self.arguments.generation.device;
        networks.load(settings.precision, device, &self.contest.progress.passing())?;
        Ok(networks)
    }
}

/// The settings of a method's images at a weight.
fn settings_at(method: &Method, generation: &Generation, weight: Option<f64>) -> Result<Settings> {
    let weights: Vec<f64> = weight.into_iter().collect();
    settings_of(generation, &method.plan(&weights, NO_INTERVAL)?)
}

/// That a method can be compared, and has its networks.
fn check(method: &Method, generation: &Generation) -> Result<()> {
    let opened = method.weights();
    ensure!(
        opened <= 1,
        "it has W {opened} times; one weight is looked for"
    );
    ensure!(
        !method.has_open_interval(),
        "an interval is looked for by foil tune; here LO and HI are numbers"
    );
    settings_at(method, generation, (opened > 0).then_some(2.0))?.check()
}
