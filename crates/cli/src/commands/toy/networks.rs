//! The three networks of `foil toy reproduce`: trained, and chosen where initial weights decide too much.
//!
//! A main model must bring far points home, and a guide must help it; see [`foil_toy::search`]. Guides do not depend on
//! the main model, so those that were trained serve the next one too.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use foil_toy::{
    distribution::Class,
    metrics::{GuideRow, Judge, TrainingRow},
    network::{Architecture, DensityModel},
    sampling::Sampling,
    search::{self, Candidate, GuideSearch},
    training::{Config, Run, Training},
};

use super::methods::{AUTOGUIDANCE_WEIGHT, Networks};
use crate::{arguments::Reproduce, interrupt, progress::Progress};

/// The paper's depth, widths and lengths of training.
const LAYERS: usize = 4;
const MAIN: (usize, u32) = (64, 4096);
const GUIDE: (usize, u32) = (32, 512);
/// Main models that are tried at most, and guides for each of them.
const MAINS: u64 = 4;
const GUIDES: u64 = 12;
/// The share of outliers that a guide may leave for the search to be content.
const CONTENT: f64 = 0.6;

/// Trains and chooses.
pub struct Workshop<'a> {
    pub arguments: &'a Reproduce,
    pub progress: &'a Progress,
    pub sampling: &'a Sampling,
    pub judge: &'a Judge,
    /// How long the networks that are used were trained.
    pub training: Vec<TrainingRow>,
    /// All pairs that were tried.
    pub guide_search: Vec<GuideRow>,
    guides: Vec<DensityModel>,
}

/// A main model with the best guide found for it, as a row of the search.
struct Pair {
    main: Run,
    row: usize,
    candidate: Candidate,
}

impl<'a> Workshop<'a> {
    pub fn new(
        arguments: &'a Reproduce,
        progress: &'a Progress,
        sampling: &'a Sampling,
        judge: &'a Judge,
    ) -> Self {
        let (training, guide_search, guides) = (vec![], vec![], vec![]);
        Self {
            arguments,
            progress,
            sampling,
            judge,
            training,
            guide_search,
            guides,
        }
    }

    /// The networks, also written to `models/`.
    pub fn train(&mut self) -> Result<Networks> {
        let mut best: Option<Pair> = None;
        for attempt in 0..MAINS {
            let main = self.run("main", self.config(Class::A, MAIN.0, attempt), MAIN.1);
            let model = super::train(&main, "main", self.progress)?.saved.model;
            if !search::is_sound(&model, self.sampling)? && attempt + 1 < MAINS {
                self.progress.say(
                    "  it does not bring far points home: another one, from other initial weights",
                );
                continue;
            }
            let (row, candidate) = self.choose_guide(&main, &model)?;
            if best
                .as_ref()
                .is_none_or(|best| candidate.is_better_than(&best.candidate))
            {
                best = Some(Pair {
                    main,
                    row,
                    candidate,
                });
            }
            if candidate.leaves_at_most(CONTENT) {
                break;
            }
        }
        let Pair { main, row, .. } = best.context("no main model was trained")?;
        self.guide_search[row].chosen = true;
        let guide_seed = self.guide_search[row].guide_seed;
        let guide = self.run(
            "guide",
            Config {
                seed: guide_seed,
                ..self.config(Class::A, GUIDE.0, 0)
            },
            GUIDE.1,
        );
        let unconditional = self.run("unconditional", self.config(Class::AB, GUIDE.0, 0), GUIDE.1);
        Ok(Networks {
            main: self.publish(&main, "main")?,
            guide: self.publish(&guide, "guide")?,
            unconditional: self.publish(&unconditional, "unconditional")?,
        })
    }

    /// The guide that serves a main model best: its row, and what was found out.
    fn choose_guide(&mut self, main: &Run, model: &DensityModel) -> Result<(usize, Candidate)> {
        let seed = self.arguments.seed;
        let search = GuideSearch::new(model, self.judge, self.sampling, AUTOGUIDANCE_WEIGHT, seed)?;
        let bar = self.progress.bar("choosing a guide", GUIDES, "guides");
        let mut best: Option<(usize, Candidate)> = None;
        for attempt in 0..GUIDES {
            let config = self.config(Class::A, GUIDE.0, attempt);
            if self.guides.len() <= attempt as usize {
                self.guides.push(self.candidate(config)?);
            }
            let candidate = search.judge(&self.guides[attempt as usize])?;
            let Candidate {
                is_sound: sound,
                outlier_ratio,
            } = candidate;
            let (main_seed, guide_seed) = (main.config.seed, config.seed);
            self.guide_search.push(GuideRow {
                main_seed,
                guide_seed,
                sound,
                outlier_ratio,
                chosen: false,
            });
            if best.is_none_or(|(_, best)| candidate.is_better_than(&best)) {
                best = Some((self.guide_search.len() - 1, candidate));
            }
            bar.at(attempt + 1);
            if candidate.leaves_at_most(CONTENT) {
                break;
            }
        }
        let (row, candidate) = best.context("no guide was tried")?;
        bar.done(&format!(
            "the best one leaves {:.2} of the outliers",
            candidate.outlier_ratio
        ));
        Ok((row, candidate))
    }

    /// A guide to try, in memory: it takes a second.
    fn candidate(&self, config: Config) -> Result<DensityModel> {
        let mut training = Training::new(config);
        for _ in 0..self.iterations(GUIDE.1) {
            training.step();
            if interrupt::requested() {
                bail!(
                    "interrupted while choosing a guide; the same command continues after the main model"
                );
            }
        }
        Ok(training.model())
    }

    /// Trains what is not trained yet, and writes the model where a user looks for it.
    fn publish(&mut self, run: &Run, name: &str) -> Result<DensityModel> {
        let trained = super::train(run, name, self.progress)?;
        run.publish(&self.path("models").join(format!("{name}.safetensors")))?;
        let row = TrainingRow {
            model: name.to_owned(),
            iterations: run.iterations,
            seconds: trained.seconds,
        };
        self.training.push(row);
        Ok(trained.saved.model)
    }

    /// The run of a network, in a folder of its own.
    fn run(&self, name: &str, config: Config, iterations: u32) -> Run {
        let folder = self
            .path("training")
            .join(format!("{name}-seed{}", config.seed));
        Run {
            config,
            iterations: self.iterations(iterations),
            folder,
        }
    }

    /// The seed's first network of its kind, or another one.
    fn config(&self, class: Class, width: usize, attempt: u64) -> Config {
        let seed = self.arguments.seed.wrapping_add(attempt << 32);
        Config {
            class,
            architecture: Architecture {
                layers: LAYERS,
                width,
            },
            seed,
        }
    }

    fn iterations(&self, of_paper: u32) -> u32 {
        (of_paper * self.arguments.percent / 100).max(1)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.arguments.out.join(name)
    }
}
