//! `foil bench evaluate`: the Fréchet distance of two files of statistics, and images a second through Inception-v3.

use std::time::Instant;

use anyhow::{Result, bail};
use foil_diffusion::random::FoilStream;
use foil_evaluation::{Extractor, InceptionExtractor, Reference, frechet};
use foil_kernels::Instructions;
use foil_models::{SourceFile, checkpoint::Contents, features::inception::Protocol};
use serde::Serialize;

use crate::{arguments::BenchEvaluate, memory, output, timing::median};

/// Height and width of the images: each is enlarged to what the network sees.
const SIDE: usize = 64;

#[derive(Serialize)]
struct Report {
    instructions: String,
    threads: usize,
    dimensions: usize,
    distance: f64,
    /// Median over the runs.
    frechet_seconds: f64,
    batch: usize,
    images_per_second: f64,
    peak_bytes: Option<u64>,
}

/// Measures on a thread of the pool.
pub fn run(arguments: &BenchEvaluate) -> Result<()> {
    rayon::scope(|_| measure(arguments))
}

fn measure(arguments: &BenchEvaluate) -> Result<()> {
    let [one, other] = [&arguments.one, &arguments.other].map(|path| Reference::open(path));
    let [one, other] = [one?.statistics, other?.statistics];
    let mut distance = 0.0;
    let frechet_seconds = timed(arguments.runs, || {
        distance = frechet(&one, &other)?.distance();
        Ok(())
    })?;
    let Contents::Tensors(weights) = Contents::of(&SourceFile::open(&arguments.inception)?)? else {
        bail!(
            "{} holds no weights of Inception-v3",
            arguments.inception.display()
        );
    };
    let extractor = InceptionExtractor::new(&weights, Protocol::Tensorflow)?;
    let batch = extractor.batch();
    let mut numbers = vec![0.0; batch * 3 * SIDE * SIDE];
    FoilStream::new(0).fill_uniform(&mut numbers);
    let images: Vec<u8> = numbers
        .iter()
        .map(|number| (number * 256.0) as u8)
        .collect();
    let seconds = timed(arguments.runs, || {
        extractor.describe(&images, [3, SIDE, SIDE])?;
        Ok(())
    })?;
    let report = Report {
        instructions: Instructions::best().set().to_string(),
        threads: rayon::current_num_threads(),
        dimensions: one.mean.len(),
        distance,
        frechet_seconds,
        batch,
        images_per_second: batch as f64 / seconds,
        peak_bytes: memory::peak_bytes(),
    };
    output::print(&if arguments.json {
        serde_json::to_string(&report)? + "\n"
    } else {
        toml::to_string(&report)?
    })
}

/// The median of so many runs, after one that is not timed.
fn timed(runs: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    work()?;
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let begin = Instant::now();
        work()?;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    Ok(median(seconds))
}
