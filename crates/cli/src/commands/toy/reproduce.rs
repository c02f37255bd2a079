//! `foil toy reproduce`: the paper's toy from nothing. Training, figures, numbers.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use foil_toy::{
    Point,
    distribution::{Class, Distribution},
    figures::{Figure, Panel, figure_1},
    files,
    metrics::{GuideRow, Judge, Metrics, Row, TrainingRow},
    network::{Architecture, DensityModel},
    sampling::{Guidance, Plan},
    search::{self, Candidate, GuideSearch},
    training::{Config, Run, Training},
};

use super::{
    figures,
    methods::{AUTOGUIDANCE_WEIGHT, Bench, CLASSIFIER_FREE_WEIGHT, Method, Networks},
};
use crate::{arguments::Reproduce, interrupt, progress::Progress};

/// The paper's widths and lengths of training.
const LAYERS: usize = 4;
const MAIN: (usize, u32) = (64, 4096);
const GUIDE: (usize, u32) = (32, 512);
/// Main models that are tried at most.
const MAINS: u64 = 4;
/// Guides that are tried at most, and the ratio of outliers with which the search is content.
const GUIDES: u64 = 32;
const CONTENT: f64 = 0.55;
/// Points drawn in a panel.
const DRAWN: usize = 8192;

/// One reproduction under way.
struct Reproduction<'a> {
    arguments: &'a Reproduce,
    progress: Progress,
    plan: Plan,
    judge: Judge,
    training: Vec<TrainingRow>,
    guide_search: Vec<GuideRow>,
}

/// Trains, measures, draws.
#[expect(clippy::print_stdout, reason = "the table is data")]
pub fn run(arguments: &Reproduce) -> Result<()> {
    files::check_writable(&arguments.out)?;
    let mut reproduction = Reproduction {
        arguments,
        progress: Progress::new(),
        plan: Plan::published()?,
        judge: Judge::new(arguments.samples as usize, arguments.seed)?,
        training: vec![],
        guide_search: vec![],
    };
    let networks = reproduction.train()?;
    let (rows, panels) = reproduction.measure(&networks)?;
    reproduction.draw(&networks, &panels)?;
    let Reproduction {
        training,
        guide_search,
        progress,
        ..
    } = reproduction;
    let metrics = Metrics {
        rows,
        training,
        guide_search,
    };
    files::write(
        &arguments.out.join("metrics.json"),
        serde_json::to_string_pretty(&metrics)?.as_bytes(),
    )?;
    progress.say(&format!(
        "wrote models, figures 1, 2 and 9 and metrics.json to {}",
        arguments.out.display()
    ));
    println!("{}", metrics.table());
    Ok(())
}

/// A panel of figure 1 before it is drawn.
struct Samples {
    title: &'static str,
    subtitle: String,
    points: Vec<Point>,
}

impl Reproduction<'_> {
    fn train(&mut self) -> Result<Networks> {
        let seed = self.arguments.seed;
        let main = self.main()?;
        let (width, iterations) = GUIDE;
        let unconditional =
            self.network("unconditional", config(Class::AB, width, seed), iterations)?;
        let chosen = self.choose_guide(&main)?;
        let guide = self.network("guide", config(Class::A, width, chosen), iterations)?;
        Ok(Networks {
            main,
            guide,
            unconditional,
        })
    }

    /// The first sound main model.
    fn main(&mut self) -> Result<DensityModel> {
        let (width, iterations) = MAIN;
        for attempt in 0..MAINS {
            let config = config(Class::A, width, variant(self.arguments.seed, attempt));
            let model = self.network("main", config, iterations)?;
            if search::is_sound(&model, &self.plan)? || attempt + 1 == MAINS {
                return Ok(model);
            }
            self.training.pop();
            self.progress.say("this main model does not bring far points home; training one from other initial weights");
        }
        bail!("no main model was trained")
    }

    /// Trains one network in its own folder and publishes it under its name.
    fn network(&mut self, name: &str, config: Config, iterations: u32) -> Result<DensityModel> {
        let iterations = (iterations * self.arguments.percent / 100).max(1);
        let folder = self
            .arguments
            .out
            .join("training")
            .join(format!("{name}-seed{}", config.seed));
        let run = Run {
            config,
            iterations,
            folder,
        };
        let trained = super::train(&run, name, &self.progress)?;
        run.publish(&self.model_path(name))?;
        self.training.push(TrainingRow {
            model: name.to_owned(),
            iterations,
            seconds: trained.seconds,
        });
        Ok(trained.saved.model)
    }

    fn model_path(&self, name: &str) -> PathBuf {
        self.arguments
            .out
            .join("models")
            .join(format!("{name}.safetensors"))
    }

    /// The seed of the guide that serves the main model best; see [`foil_toy::search`].
    fn choose_guide(&mut self, main: &DensityModel) -> Result<u64> {
        let seed = self.arguments.seed;
        let search = GuideSearch::new(main, &self.judge, &self.plan, AUTOGUIDANCE_WEIGHT, seed)?;
        let bar = self.progress.bar("choosing a guide", GUIDES, "guides");
        let (width, iterations) = GUIDE;
        let iterations = (iterations * self.arguments.percent / 100).max(1);
        let mut best: Option<(usize, Candidate)> = None;
        for attempt in 0..GUIDES {
            let seed = variant(seed, attempt);
            let mut training = Training::new(config(Class::A, width, seed));
            for _ in 0..iterations {
                training.step();
                if interrupt::requested() {
                    bail!(
                        "interrupted while choosing a guide; the same command continues after the main model"
                    );
                }
            }
            let candidate = search.judge(&training.model())?;
            let Candidate {
                is_sound: sound,
                outlier_ratio,
            } = candidate;
            self.guide_search.push(GuideRow {
                seed,
                sound,
                outlier_ratio,
                chosen: false,
            });
            if best.is_none_or(|(_, best)| candidate.is_better_than(&best)) {
                best = Some((self.guide_search.len() - 1, candidate));
                bar.message(format!("outlier ratio {outlier_ratio:.2}"));
            }
            bar.at(attempt + 1);
            if sound && outlier_ratio <= CONTENT {
                break;
            }
        }
        let (index, candidate) = best.expect("at least one guide was tried");
        self.guide_search[index].chosen = true;
        let tried = self.guide_search.len();
        bar.done(&format!(
            "of {tried} tried, this one leaves {:.2} of the outliers",
            candidate.outlier_ratio
        ));
        Ok(self.guide_search[index].seed)
    }

    /// The table, and the samples of figure 1.
    fn measure(&self, networks: &Networks) -> Result<(Vec<Row>, Vec<Samples>)> {
        let (count, seed) = (self.arguments.samples as usize, self.arguments.seed);
        let start = self.plan.start(&Distribution::new(Class::A), count, seed);
        let Self {
            plan,
            judge,
            progress,
            ..
        } = self;
        let bench = Bench {
            networks,
            plan,
            judge,
            start: &start,
            progress,
        };
        let truth = judge.true_samples(count, seed);
        let mut rows = vec![Row::new("true samples", 1.0, count, judge.measure(&truth)?)];
        let mut panels = vec![Samples {
            title: "Ground truth",
            subtitle: String::new(),
            points: truth,
        }];
        for method in networks.methods() {
            let (row, points) = bench.measure(&method)?;
            if let Some(title) = title(&method) {
                panels.push(Samples {
                    title,
                    subtitle: format!("w = {}", method.weight),
                    points,
                });
            }
            rows.push(row);
        }
        let matched = rows
            .iter()
            .find(|row| is_autoguidance(row))
            .map_or(0.0, |row| row.outlier_rate);
        for weight in [bench.matching_truncation(matched)?, 1.25] {
            let guidance = Guidance::Truncation(weight);
            let method = Method {
                name: "truncation".into(),
                weight,
                guidance,
                interval: None,
            };
            let (row, points) = bench.measure(&method)?;
            rows.push(row);
            if weight >= 1.25 {
                let naive = Samples {
                    title: "Naive truncation",
                    subtitle: format!("w = {weight}"),
                    points,
                };
                panels.insert(panels.len() - 1, naive);
            }
        }
        Ok((rows, panels))
    }

    fn draw(&self, networks: &Networks, samples: &[Samples]) -> Result<()> {
        let bar = self.progress.bar("figures", 3, "drawn");
        let panels: Vec<Panel<'_>> = samples
            .iter()
            .map(
                |Samples {
                     title,
                     subtitle,
                     points,
                 }| {
                    let points = &points[..points.len().min(DRAWN)];
                    Panel {
                        title,
                        subtitle,
                        points,
                    }
                },
            )
            .collect();
        let Networks {
            main,
            guide,
            unconditional,
        } = networks;
        let out = &self.arguments.out;
        write(&figure_1(&panels)?, out, "figure-1")?;
        bar.at(1);
        write(
            &figures::close_view(main, guide, AUTOGUIDANCE_WEIGHT, self.arguments.seed)?,
            out,
            "figure-2",
        )?;
        bar.at(2);
        write(
            &figures::implied_densities(main, guide, unconditional)?,
            out,
            "figure-9",
        )?;
        bar.done("1, 2 and 9");
        Ok(())
    }
}

/// Both forms of a figure.
fn write(figure: &Figure, out: &Path, name: &str) -> Result<()> {
    super::write_figure(figure, &out.join(format!("{name}.svg")))?;
    super::write_figure(figure, &out.join(format!("{name}.png")))
}

fn config(class: Class, width: usize, seed: u64) -> Config {
    Config {
        class,
        architecture: Architecture {
            layers: LAYERS,
            width,
        },
        seed,
    }
}

/// Other seeds that belong to a seed.
fn variant(seed: u64, attempt: u64) -> u64 {
    seed.wrapping_add(attempt << 32)
}

/// Which methods figure 1 shows.
fn title(method: &Method<'_>) -> Option<&'static str> {
    match method.guidance {
        _ if method.interval.is_some() => None,
        Guidance::None => Some("No guidance"),
        Guidance::ClassifierFree(_, weight) if weight >= CLASSIFIER_FREE_WEIGHT => {
            Some("Classifier-free guidance")
        }
        Guidance::Auto(_, weight) if weight >= AUTOGUIDANCE_WEIGHT => Some("Autoguidance"),
        _ => None,
    }
}

/// The row whose outlier rate truncation is matched to.
fn is_autoguidance(row: &Row) -> bool {
    row.method == "autoguidance" && row.weight >= AUTOGUIDANCE_WEIGHT && row.interval.is_none()
}
