//! `foil toy bench`: how fast the laboratory is on this machine.

use std::time::Instant;

use anyhow::Result;
use foil_diffusion::Silent;
use foil_toy::{
    distribution::{Class, Distribution},
    network::Architecture,
    sampling::{Guidance, Sampling},
    training::{Config, Training},
};
use serde::Serialize;

use crate::{
    arguments::Bench,
    output,
    timing::{median, seconds},
};

/// Iterations that are timed one by one, after some to warm up.
const TIMED: usize = 150;
const WARM_UP: usize = 20;
const SAMPLES: usize = 65_536;
/// Runs of guided sampling; the median counts.
const RUNS: usize = 5;

#[derive(Serialize)]
struct Report {
    threads: usize,
    rows: Vec<TrainingSpeed>,
    sampling: SamplingSpeed,
}

#[derive(Serialize)]
struct TrainingSpeed {
    model: &'static str,
    width: usize,
    iterations_per_second: f64,
    median_seconds: f64,
}

#[derive(Serialize)]
struct SamplingSpeed {
    samples: usize,
    median_seconds: f64,
}

/// Times training of the three networks, then guided sampling.
pub fn run(arguments: &Bench) -> Result<()> {
    let networks = [
        ("main", Class::A, 64),
        ("guide", Class::A, 32),
        ("unconditional", Class::AB, 32),
    ];
    let rows = networks.map(|(model, class, width)| {
        let mut training = trained(class, width, WARM_UP);
        let median_seconds = median((0..TIMED).map(|_| seconds(|| training.step())).collect());
        TrainingSpeed {
            model,
            width,
            iterations_per_second: 1.0 / median_seconds,
            median_seconds,
        }
    });
    let report = Report {
        threads: rayon::current_num_threads(),
        rows: rows.into(),
        sampling: sampling()?,
    };
    if arguments.json {
        output::print(&format!("{}\n", serde_json::to_string(&report)?))?;
        return Ok(());
    }
    output::print(&format!("{} threads\n", report.threads))?;
    for row in &report.rows {
        let TrainingSpeed {
            model,
            width,
            iterations_per_second,
            median_seconds,
        } = row;
        let milliseconds = 1e3 * median_seconds;
        output::print(&format!(
            "train {model:<14} width {width}  {iterations_per_second:7.1} iterations/s  ({milliseconds:.2} ms)\n"
        ))?;
    }
    let SamplingSpeed {
        samples,
        median_seconds,
    } = report.sampling;
    output::print(&format!(
        "sample, autoguidance w 3, 32 Heun steps: {samples} samples in {median_seconds:.2} s\n"
    ))?;
    Ok(())
}

fn sampling() -> Result<SamplingSpeed> {
    // Sampling does the same arithmetic whatever the weights; these are trained enough to stay finite.
    let [main, guide] = [64, 32].map(|width| trained(Class::A, width, 128).model());
    let (sampling, guidance) = (Sampling::published()?, Guidance::auto(&guide, 3.0)?);
    let start = sampling.start(&Distribution::new(Class::A), SAMPLES, 0);
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let begin = Instant::now();
        sampling.run(&main, &guidance, &start, &mut Silent)?;
        times.push(begin.elapsed().as_secs_f64());
    }
    Ok(SamplingSpeed {
        samples: SAMPLES,
        median_seconds: median(times),
    })
}

/// A network after some iterations.
fn trained(class: Class, width: usize, iterations: usize) -> Training {
    let architecture = Architecture { layers: 4, width };
    let mut training = Training::new(Config {
        class,
        architecture,
        seed: 0,
    });
    for _ in 0..iterations {
        training.step();
    }
    training
}
