//! `foil bench evaluate`: the Fréchet distance of two files of statistics, and images a second through Inception-v3 and DINOv2.

use std::{path::Path, time::Instant};

use anyhow::{Result, bail};
use candle_core::DType;
use foil_diffusion::random::FoilStream;
use foil_evaluation::{
    Dinov2Extractor, Dinov2Protocol, Extractor, InceptionExtractor, Reference, frechet,
};
use foil_kernels::Instructions;
use foil_models::{SourceFile, Weights, checkpoint::Contents, features::inception::Protocol};
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
    peak_bytes: Option<u64>,
    inception: Measured,
    /// If its weights were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    dinov2: Option<Measured>,
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
    let weights = weights(&arguments.inception)?;
    let inception = both(arguments.runs, |precision| {
        let made = InceptionExtractor::new(&weights, Protocol::Tensorflow, precision)?;
        Ok(Box::new(made))
    })?;
    let dinov2 = arguments.dinov2.as_ref().map(|path| {
        let weights = self::weights(path)?;
        both(arguments.runs, |precision| {
            let made = Dinov2Extractor::new(&weights, Dinov2Protocol::Torch, precision)?;
            Ok(Box::new(made))
        })
    });
    let dinov2 = dinov2.transpose()?;
    let report = Report {
        instructions: Instructions::best().set().to_string(),
        threads: rayon::current_num_threads(),
        dimensions: one.mean.len(),
        distance,
        frechet_seconds,
        peak_bytes: memory::peak_bytes(),
        inception,
        dinov2,
    };
    output::print(&if arguments.json {
        serde_json::to_string(&report)? + "\n"
    } else {
        toml::to_string(&report)?
    })
}

fn weights(path: &Path) -> Result<Weights> {
    match Contents::of(&SourceFile::open(path)?)? {
        Contents::Tensors(weights) => Ok(weights),
        _ => bail!("{} holds no weights of a network", path.display()),
    }
}

/// What was measured of one network.
#[derive(Serialize)]
struct Measured {
    batch: usize,
    /// In single precision and in bf16.
    images_per_second: [f64; 2],
    /// The largest difference of any feature between the two, of the largest feature.
    bf16_difference: f64,
}

/// In single precision and in bf16.
fn both(runs: usize, load: impl Fn(DType) -> Result<Box<dyn Extractor>>) -> Result<Measured> {
    let mut rates = [0.0; 2];
    let mut features = [Vec::new(), Vec::new()];
    let mut batch = 0;
    for (index, precision) in [DType::F32, DType::BF16].into_iter().enumerate() {
        let extractor = load(precision)?;
        batch = extractor.batch();
        let images = noise(batch);
        let seconds = timed(runs, || {
            features[index] = extractor.describe(&images, [3, SIDE, SIDE])?.features;
            Ok(())
        })?;
        rates[index] = batch as f64 / seconds;
    }
    let [single, half] = &features;
    let largest = single
        .iter()
        .fold(0.0_f32, |most, number| most.max(number.abs()));
    let differences = single
        .iter()
        .zip(half)
        .map(|(one, other)| (one - other).abs());
    Ok(Measured {
        batch,
        images_per_second: rates,
        bf16_difference: f64::from(differences.fold(0.0, f32::max) / largest),
    })
}

/// Images `[batch, 3, SIDE, SIDE]`.
fn noise(batch: usize) -> Vec<u8> {
    let mut numbers = vec![0.0; batch * 3 * SIDE * SIDE];
    FoilStream::new(0).fill_uniform(&mut numbers);
    let levels = numbers.iter().map(|number| (number * 256.0) as u8);
    levels.collect()
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
