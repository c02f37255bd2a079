//! `foil bench net`: how long one evaluation of a network takes, how long it takes to start, and how much memory.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Model,
    random::{FoilStream, Stream},
};
use foil_kernels::Instructions;
use foil_models::{
    SourceFile, StoredTensor, Weights,
    edm2::{Config, Labels, Network, Packing},
    preset::Named,
};
use rayon::prelude::*;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{
    arguments::BenchNet,
    commands::sample,
    files::Files,
    memory,
    open::NetworkFile,
    output,
    timing::{median, seconds},
};

#[derive(Serialize)]
struct Report {
    model: String,
    precision: &'static str,
    instructions: String,
    threads: usize,
    batch: usize,
    /// Median of one evaluation of the whole batch, after one to warm up.
    seconds: f64,
    runs: usize,
    /// Of one image.
    gflop: f64,
    gflops_per_second: f64,
    /// From opening the file of weights to a network that is ready.
    start_seconds: f64,
    /// The most memory that this process has had, mapped files included.
    peak_bytes: Option<u64>,
}

/// Measures on a thread of the pool, as sampling does.
pub fn run(arguments: &BenchNet) -> Result<()> {
    rayon::scope(|_| measure(arguments))
}

fn measure(arguments: &BenchNet) -> Result<()> {
    let precision = sample::precision(arguments.precision);
    let opened = if arguments.random_weights {
        Opened::random(&arguments.model)?
    } else {
        Opened::file(&arguments.model, &Files::open(&arguments.connection)?)?
    };
    let packing = Packing {
        dtype: precision.dtype(),
        device: Device::Cpu,
        batch: sample::EXPECTED_BATCH,
    };
    let Opened {
        config,
        weights,
        begin,
    } = opened;
    let network = Network::load(&config, &weights, &packing)?.preconditioned();
    let start_seconds = begin.elapsed().as_secs_f64();
    let input = Input::new(&config, arguments.batch)?;
    let evaluate = || network.denoise_batch(&input.noisy, &input.sigma, &input.labels);
    evaluate()?;
    let runs = (0..arguments.runs).map(|_| seconds(evaluate));
    let seconds = median(runs.collect());
    let gflop = 2.0 * config.plan()?.multiply_adds(&config) as f64 / 1e9;
    let report = Report {
        model: arguments.model.clone(),
        precision: precision.name(),
        instructions: Instructions::best().set().to_string(),
        threads: rayon::current_num_threads(),
        batch: arguments.batch,
        seconds,
        runs: arguments.runs,
        gflop,
        gflops_per_second: gflop * arguments.batch as f64 / seconds,
        start_seconds,
        peak_bytes: memory::peak_bytes(),
    };
    report.print(arguments.json)
}

/// A file of weights that was just opened.
pub(super) struct Opened {
    pub config: Config,
    pub weights: Weights,
    /// When it began to be opened; it was whole on this machine before.
    begin: Instant,
}

impl Opened {
    pub fn file(name: &str, files: &Files) -> Result<Self> {
        let file = files.one(name)?;
        let begin = Instant::now();
        let snapshot = NetworkFile::read(name, &file)?.snapshot;
        Ok(Self {
            config: snapshot.config,
            weights: snapshot.weights,
            begin,
        })
    }

    pub fn random(name: &str) -> Result<Self> {
        let Named::Network(network) = Named::parse(name)? else {
            bail!("--random-weights needs the name of a network, such as edm2-img512-s");
        };
        let config = network.config();
        let shapes = config.plan()?.tensors(&config);
        let drawn = NamedTempFile::new().context("no place for random weights")?;
        write_random(&shapes, drawn.as_file())?;
        let begin = Instant::now();
        // Without its name it is there as long as it is open.
        let file = SourceFile::open(drawn.path())?;
        let mut tensors = BTreeMap::new();
        let mut end = 0;
        for (name, shape) in shapes {
            let start = end;
            end += 2 * shape.iter().product::<usize>() as u64;
            let tensor = StoredTensor::in_file(DType::F16, &shape, &file, start..end)?;
            tensors.insert(name, tensor);
        }
        Ok(Self {
            config,
            weights: Weights::new("random weights", tensors),
            begin,
        })
    }
}

/// Normally distributed weights in half precision, one tensor after the other; gains of 0.5.
fn write_random(shapes: &[(String, Vec<usize>)], file: &File) -> Result<()> {
    const PART: usize = 1 << 16;
    let mut out = BufWriter::new(file);
    for (seed, (_, shape)) in (0_u64..).zip(shapes) {
        let mut numbers = vec![0.5_f32; shape.iter().product()];
        if !shape.is_empty() {
            numbers
                .par_chunks_mut(PART)
                .enumerate()
                .for_each(|(part, numbers)| {
                    FoilStream::after(seed, part as u32).fill_normal(numbers);
                });
        }
        let halves: Vec<u8> = numbers
            .par_iter()
            .flat_map_iter(|&number| half::f16::from_f32(number).to_le_bytes())
            .collect();
        out.write_all(&halves)?;
    }
    out.flush()?;
    // Or the system would write them out while evaluations are timed.
    Ok(file.sync_all()?)
}

/// An input as sampling has it in the middle of a trajectory.
struct Input {
    noisy: Tensor,
    sigma: Tensor,
    labels: Labels,
}

impl Input {
    fn new(config: &Config, batch: usize) -> Result<Self> {
        const SIGMA: f32 = 1.5;
        let shape = (batch, config.channels, config.resolution, config.resolution);
        let mut numbers = vec![0.0; batch * config.channels * config.resolution.pow(2)];
        FoilStream::new(0).fill_normal(&mut numbers);
        let classes: Vec<u32> = (0..batch)
            .map(|index| (7 * index % config.labels.max(1)) as u32)
            .collect();
        let labels = match config.labels {
            0 => Labels::none(),
            count => Labels::classes(&classes, count, &Device::Cpu)?,
        };
        Ok(Self {
            noisy: (Tensor::from_vec(numbers, shape, &Device::Cpu)? * f64::from(SIGMA))?,
            sigma: Tensor::full(SIGMA, batch, &Device::Cpu)?,
            labels,
        })
    }
}

impl Report {
    fn print(&self, json: bool) -> Result<()> {
        if json {
            output::print(&format!("{}\n", serde_json::to_string(self)?))?;
            return Ok(());
        }
        output::print(&format!(
            "{}, {}, batch {}, {} threads, {}\n",
            self.model, self.precision, self.batch, self.threads, self.instructions
        ))?;
        output::print(&format!(
            "{:.3} s an evaluation (median of {}), {:.0} GFLOP/s of {:.1} GFLOP an image\n",
            self.seconds, self.runs, self.gflops_per_second, self.gflop
        ))?;
        let peak = self
            .peak_bytes
            .map_or("unknown".to_owned(), |bytes| format!("{} MB", bytes >> 20));
        output::print(&format!(
            "{:.2} s to start, at most {peak} of memory\n",
            self.start_seconds
        ))?;
        Ok(())
    }
}
