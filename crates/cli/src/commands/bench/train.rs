//! `foil bench train`: how many images a second a network learns from, and in how much memory.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::{Result, bail};
use candle_core::DType;
use foil_data::{Dataset, Options};
use foil_diffusion::random::{FoilStream, Stream};
use foil_kernels::Instructions;
use foil_models::{
    Encoder,
    edm2::{Config, Size},
};
use foil_training::{
    Denoising, Goal, Images, Layout, LearningRate, NoiseLevels, Presentation, State, Step, Task,
    preset,
};
use serde::Serialize;

use crate::{
    arguments::{BenchTrain, TrainPrecision},
    memory, output,
    timing::median,
};

/// Steps before the clock counts.
const WARM_UP: usize = 2;
/// Images on disk; which ones they are does not change the time.
const IMAGES: usize = 64;

#[derive(Serialize)]
struct Report {
    preset: String,
    resolution: usize,
    channels: usize,
    labels: usize,
    parameters: usize,
    precision: &'static str,
    instructions: String,
    threads: usize,
    batch: usize,
    /// Median over the steps.
    images_per_second: f64,
    /// Of an image: three times an evaluation's, for the gradients of inputs and weights.
    gflop: f64,
    gflops_per_second: f64,
    /// The most memory that this process has had.
    peak_bytes: Option<u64>,
}

/// Measures on a thread of the pool.
pub fn run(arguments: &BenchTrain) -> Result<()> {
    rayon::scope(|_| measure(arguments))
}

fn measure(arguments: &BenchTrain) -> Result<()> {
    let config = network(arguments)?;
    let folder = tempfile::tempdir()?;
    let images = images(folder.path(), &config)?;
    let (dtype, precision) = match arguments.precision {
        TrainPrecision::F32 => (DType::F32, "f32"),
        TrainPrecision::Bf16 => (DType::BF16, "bf16"),
    };
    let levels = NoiseLevels {
        mean: -0.4,
        deviation: 1.0,
    };
    let mut task = Denoising::new(config.clone(), levels, dtype, images)?;
    let layout = Layout::new(task.tensors()?);
    let parameters = layout.trained();
    let mut state = State::new(layout, 0, &[0.05, 0.10])?;
    let step = Step {
        batch: arguments.batch as u64,
        micro_batch: arguments.batch as u64,
        learning_rate: LearningRate {
            reference: 0.01,
            decay_images: 0,
            ramp_images: 0,
        },
    };
    let mut seconds = Vec::new();
    for _ in 0..WARM_UP + arguments.steps {
        let start = Instant::now();
        state.step(&mut task, &step)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let images_per_second = arguments.batch as f64 / median(seconds.split_off(WARM_UP));
    let gflop = 6.0 * config.plan()?.multiply_adds(&config) as f64 / 1e9;
    let report = Report {
        preset: arguments.preset.clone(),
        resolution: config.resolution,
        channels: config.channels,
        labels: config.labels,
        parameters,
        precision,
        instructions: Instructions::best().set().to_string(),
        threads: rayon::current_num_threads(),
        batch: arguments.batch,
        images_per_second,
        gflop,
        gflops_per_second: gflop * images_per_second,
        peak_bytes: memory::peak_bytes(),
    };
    report.print(arguments.json)
}

/// The network of a preset; EDM2's sizes see 32×32 pixels in colours and ten classes, unless told otherwise.
fn network(arguments: &BenchTrain) -> Result<Config> {
    let size = arguments.preset.strip_prefix("edm2-").and_then(|name| {
        let known = Size::NAMED.iter().find(|(known, _)| *known == name);
        known.map(|(_, size)| *size)
    });
    let mut config = match size {
        Some(size) => Config {
            resolution: 32,
            ..Config::pixels(size, 10)
        },
        None => match preset::find(&arguments.preset)?.task {
            Goal::Denoiser { network, .. } => network,
            Goal::Classifier { .. } => {
                bail!(
                    "{} is a classifier; networks that make images are measured",
                    arguments.preset
                )
            }
        },
    };
    if let Some(resolution) = arguments.resolution {
        config.resolution = resolution;
    }
    config.plan()?;
    Ok(config)
}

/// Random images in files, as training reads them.
fn images(folder: &Path, config: &Config) -> Result<Images> {
    let (size, channels) = (config.resolution, config.channels);
    let mut noise = vec![0.0; IMAGES * size * size * channels];
    FoilStream::new(0).fill_normal(&mut noise);
    let word = |number: usize| (number as u32).to_be_bytes();
    let mut pixels = vec![0, 0, 8, 4];
    pixels.extend([IMAGES, size, size, channels].map(word).concat());
    pixels.extend(noise.iter().map(|&value| (value * 64.0 + 128.0) as u8));
    let mut labels = vec![0, 0, 8, 1];
    labels.extend(word(IMAGES));
    labels.extend((0..IMAGES).map(|index| (index % config.labels.max(1)) as u8));
    std::fs::write(folder.join("train-images-idx3-ubyte"), pixels)?;
    std::fs::write(folder.join("train-labels-idx1-ubyte"), labels)?;
    let dataset = Dataset::open(folder, &Options::default())?;
    let presentation = Presentation {
        encoder: Encoder::Rgb,
        seed: 0,
        mirror: false,
    };
    Ok(Images::new(Arc::new(dataset), presentation)?)
}

impl Report {
    fn print(&self, json: bool) -> Result<()> {
        if json {
            return output::print(&format!("{}\n", serde_json::to_string(self)?));
        }
        let peak = self.peak_bytes.map_or(String::new(), |bytes| {
            format!(", {} MB at most", bytes / 1_000_000)
        });
        output::print(&format!(
            "{}: {:.1} images/s in {}, batch {}, {} threads ({}), {:.0} GFLOP/s{peak}\n",
            self.preset,
            self.images_per_second,
            self.precision,
            self.batch,
            self.threads,
            self.instructions,
            self.gflops_per_second
        ))
    }
}
