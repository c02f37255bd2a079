//! `foil toy reproduce`: the paper's toy from nothing. Training, figures, numbers.

use std::path::Path;

use anyhow::Result;
use foil_toy::{
    Point,
    distribution::{Class, Distribution},
    figures::{Figure, Panel, figure_1},
    metrics::{Judge, Metrics, Row},
    sampling::Sampling,
};

use super::{
    figures,
    methods::{AUTOGUIDANCE_WEIGHT, Bench, CLASSIFIER_FREE_WEIGHT, Method, Networks},
    networks::Workshop,
};
use crate::{arguments::Reproduce, output, progress::Progress};

/// Points drawn in a panel.
const DRAWN: usize = 8192;
/// The truncation that figure 1 shows: enough to lose all but the trunk.
const SHOWN_TRUNCATION: f64 = 1.25;

/// Trains, measures, draws.
pub fn run(arguments: &Reproduce) -> Result<()> {
    let Reproduce {
        out, seed, samples, ..
    } = arguments;
    foil_files::check_writable(out)?;
    let progress = Progress::new();
    let (sampling, judge) = (
        Sampling::published()?,
        Judge::new(*samples as usize, *seed)?,
    );
    let mut workshop = Workshop::new(arguments, &progress, &sampling, &judge);
    let networks = workshop.train()?;
    let Workshop {
        training,
        guide_search,
        ..
    } = workshop;
    let reproduction = Reproduction {
        arguments,
        progress: &progress,
        sampling: &sampling,
        judge: &judge,
    };
    let (rows, panels) = reproduction.measure(&networks)?;
    reproduction.draw(&networks, &panels)?;
    let metrics = Metrics {
        rows,
        training,
        guide_search,
    };
    foil_files::write(
        &out.join("metrics.json"),
        serde_json::to_string_pretty(&metrics)?.as_bytes(),
    )?;
    progress.say(&format!(
        "wrote models, figures 1, 2 and 9 and metrics.json to {}",
        out.display()
    ));
    output::print(&metrics.table())
}

/// What measuring and drawing need besides the networks.
struct Reproduction<'a> {
    arguments: &'a Reproduce,
    progress: &'a Progress,
    sampling: &'a Sampling,
    judge: &'a Judge,
}

/// A panel of figure 1 before it is drawn.
struct Samples {
    title: &'static str,
    subtitle: String,
    points: Vec<Point>,
}

impl Reproduction<'_> {
    /// The table, and the samples of figure 1.
    fn measure(&self, networks: &Networks) -> Result<(Vec<Row>, Vec<Samples>)> {
        let (count, seed) = (self.arguments.samples as usize, self.arguments.seed);
        let start = self
            .sampling
            .start(&Distribution::new(Class::A), count, seed);
        let Self {
            sampling,
            judge,
            progress,
            ..
        } = self;
        let bench = Bench {
            networks,
            sampling,
            judge,
            start: &start,
            progress,
        };
        let truth = judge.true_samples(count, seed);
        let mut rows = vec![Row::new(
            "true samples",
            Some(1.0),
            count,
            judge.measure(&truth)?,
        )];
        let mut panels = vec![Samples {
            title: "Ground truth",
            subtitle: String::new(),
            points: truth,
        }];
        for method in Method::all()? {
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
        for weight in [bench.matching_truncation(matched)?, SHOWN_TRUNCATION] {
            let method = Method::new("truncation", weight, &format!("truncate:{weight}"))?;
            let (row, points) = bench.measure(&method)?;
            rows.push(row);
            if weight >= SHOWN_TRUNCATION {
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

/// Which methods figure 1 shows.
fn title(method: &Method) -> Option<&'static str> {
    match method.name.as_str() {
        _ if method.interval().is_some() => None,
        "none" => Some("No guidance"),
        "cfg" if method.weight >= CLASSIFIER_FREE_WEIGHT => Some("Classifier-free guidance"),
        "autoguidance" if method.weight >= AUTOGUIDANCE_WEIGHT => Some("Autoguidance"),
        _ => None,
    }
}

/// The row whose outlier rate truncation is matched to.
fn is_autoguidance(row: &Row) -> bool {
    let is_strong = row
        .weight
        .is_some_and(|weight| weight >= AUTOGUIDANCE_WEIGHT);
    row.method == "autoguidance" && is_strong && row.interval.is_none()
}
