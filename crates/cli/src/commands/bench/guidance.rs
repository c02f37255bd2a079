//! `foil bench guidance`: what guidance costs beside the networks, and whether time follows evaluations.
//!
//! Every evaluation of a network is timed where it is asked for; what is left of a trajectory's time is the sampler's and guidance's own.

use std::fmt::Write as _;

use anyhow::Result;
use candle_core::Device;
use foil_diffusion::guidance::Plan;
use foil_models::edm2::{Config, Edm2, Labels, Network, Packing, check_guide};
use serde::Serialize;

use super::{
    net::Opened,
    trajectory::{Run, Trajectory},
};
use crate::{
    arguments::BenchGuidance,
    commands::sample::{self as sampling, EXPECTED_BATCH},
    files::Files,
    output,
    progress::Progress,
    timing::median,
};

#[derive(Serialize)]
struct Report {
    model: String,
    guide: String,
    precision: &'static str,
    threads: usize,
    batch: usize,
    sampler: String,
    steps: usize,
    runs: usize,
    rows: Vec<Row>,
}

/// One way to guide; times are medians of whole trajectories.
#[derive(Serialize)]
struct Row {
    guidance: String,
    /// Of both networks, for a trajectory.
    evaluations: [u64; 2],
    seconds: f64,
    /// Not spent in networks, as a share of the time.
    overhead: f64,
    /// Of the time that as many evaluations take at the pace of the first row and of guidance everywhere: 1 is in proportion.
    proportion: Option<f64>,
}

/// Measures on a thread of the pool, as sampling does.
pub fn run(arguments: &BenchGuidance) -> Result<()> {
    rayon::scope(|_| measure(arguments))
}

fn measure(arguments: &BenchGuidance) -> Result<()> {
    let precision = sampling::precision(arguments.precision);
    let packing = Packing {
        dtype: precision.dtype(),
        device: Device::Cpu,
        batch: EXPECTED_BATCH,
    };
    let files = Files::open(&arguments.connection)?;
    let load = |name: &str| -> Result<(Config, Edm2)> {
        let opened = if arguments.random_weights {
            Opened::random(name)?
        } else {
            Opened::file(name, &files)?
        };
        let network = Network::load(&opened.config, &opened.weights, &packing)?;
        Ok((opened.config, network.preconditioned()))
    };
    let guide_name = arguments.guide.as_ref().unwrap_or(&arguments.model);
    let ((config, main), (guide_config, guide)) = (load(&arguments.model)?, load(guide_name)?);
    check_guide(&config, &guide_config)?;
    let trajectory = Trajectory {
        arguments,
        main: &main,
        guide: &guide,
        labels: labels(&config, arguments.batch)?,
        guide_labels: labels(&guide_config, arguments.batch)?,
        shape: [
            arguments.batch,
            config.channels,
            config.resolution,
            config.resolution,
        ],
    };
    let plans = plans(&arguments.guidance)?;
    // In turns, so that a machine that slows down slows all of them.
    let mut runs: Vec<Vec<Run>> = plans.iter().map(|_| Vec::new()).collect();
    let bar = Progress::new().bar("sampling", arguments.runs as u64, "rounds");
    trajectory.run(&plans[0])?;
    for round in 0..arguments.runs {
        for (plan, runs) in plans.iter().zip(&mut runs) {
            runs.push(trajectory.run(plan)?);
        }
        bar.at(round as u64 + 1);
    }
    bar.done(&format!("{} ways", plans.len()));
    let report = Report {
        model: arguments.model.clone(),
        guide: guide_name.clone(),
        precision: precision.name(),
        threads: rayon::current_num_threads(),
        batch: arguments.batch,
        sampler: arguments.sampler.clone(),
        steps: arguments.steps,
        runs: arguments.runs,
        rows: rows(&plans, &runs),
    };
    report.print(arguments.json)
}

/// Those that were typed after the unguided one and guidance everywhere, which the others are compared with.
fn plans(typed: &[Plan]) -> Result<Vec<Plan>> {
    let mut plans: Vec<Plan> = ["none", "auto:2"]
        .into_iter()
        .map(|text| Ok(text.parse()?))
        .collect::<Result<_>>()?;
    plans.extend(
        typed
            .iter()
            .filter(|plan| !["none", "auto:2"].contains(&plan.to_string().as_str()))
            .cloned(),
    );
    Ok(plans)
}

fn rows(plans: &[Plan], runs: &[Vec<Run>]) -> Vec<Row> {
    let seconds = |runs: &[Run]| median(runs.iter().map(|run| run.seconds).collect());
    let asked = |runs: &[Run]| runs.first().map_or([0; 2], |run| run.evaluations);
    // Seconds of an evaluation of the main network, and of the guide.
    let main = seconds(&runs[0]) / asked(&runs[0])[0] as f64;
    let guide = (seconds(&runs[1]) - seconds(&runs[0])) / asked(&runs[1])[1] as f64;
    let row = |(place, (plan, runs)): (usize, (&Plan, &Vec<Run>))| {
        let [strong, weak] = asked(runs);
        let expected = strong as f64 * main + weak as f64 * guide;
        Row {
            guidance: plan.to_string(),
            evaluations: [strong, weak],
            seconds: seconds(runs),
            overhead: median(
                runs.iter()
                    .map(|run| 1.0 - run.inside / run.seconds)
                    .collect(),
            ),
            proportion: (place > 1).then(|| seconds(runs) / expected),
        }
    };
    plans.iter().zip(runs).enumerate().map(row).collect()
}

fn labels(config: &Config, batch: usize) -> Result<Labels> {
    if config.labels == 0 {
        return Ok(Labels::none());
    }
    let classes: Vec<u32> = (0..batch)
        .map(|index| (index % config.labels) as u32)
        .collect();
    Ok(Labels::classes(&classes, config.labels, &Device::Cpu)?)
}

impl Report {
    fn print(&self, json: bool) -> Result<()> {
        if json {
            return output::print(&(serde_json::to_string(self)? + "\n"));
        }
        let mut text = format!(
            "{} guided by {}, {}, batch {}, {} threads, {} with {} steps, median of {}\n",
            self.model,
            self.guide,
            self.precision,
            self.batch,
            self.threads,
            self.sampler,
            self.steps,
            self.runs
        );
        let widest = self
            .rows
            .iter()
            .map(|row| row.guidance.chars().count())
            .max();
        let wide = widest.unwrap_or(0);
        for row in &self.rows {
            let [main, guide] = row.evaluations;
            let proportion = row.proportion.map_or(String::new(), |share| {
                format!(", {share:.3} of what its evaluations take")
            });
            // Writing into a text cannot fail.
            let _ = writeln!(
                text,
                "{:<wide$}  {:>9}  {:>8.3} s, {:.2} % not in networks{proportion}",
                row.guidance,
                format!("{main} + {guide}"),
                row.seconds,
                100.0 * row.overhead
            );
        }
        output::print(&text)
    }
}
