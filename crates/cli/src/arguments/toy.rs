//! What was typed after `foil toy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use foil_diffusion::{guidance::Interval, sampler::SamplerChoice};
use foil_toy::distribution::Class;

use super::{
    GateName, GuidanceName,
    parse::{in_range, interval, sampler},
};

#[derive(Debug, Subcommand)]
pub enum ToyCommand {
    /// Train the paper's three toy networks, then make its figures 1, 2 and 9 and a table of metrics
    Reproduce(Reproduce),
    /// Train one network; the same command again continues an interrupted run
    Train(Train),
    /// Sample from a trained network, with or without guidance, and measure the samples
    Sample(Sample),
    /// Draw samples over the distribution
    Plot(Plot),
    /// Measure the speed of training and of guided sampling
    Bench(Bench),
}

#[derive(Debug, Args)]
pub struct Reproduce {
    /// Folder for models, figures and metrics.json
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Seed of weights, batches and samples
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Samples measured for each method
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    pub samples: u32,
    /// Training iterations of main model and guides, in percent of the paper's: for a quick look
    #[arg(long, value_name = "P", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100), hide = true)]
    pub percent: u32,
}

#[derive(Debug, Args)]
pub struct Train {
    /// Folder for the model, its snapshots and the state to continue from
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The data: one class, or both as an unconditional model sees them
    #[arg(long, value_enum, ignore_case = true, default_value = "A")]
    pub class: ClassName,
    /// Hidden layers
    #[arg(long, default_value_t = 4, value_parser = in_range(1, foil_toy::network::Architecture::LIMITS.0))]
    pub layers: usize,
    /// Width of a layer
    #[arg(long, default_value_t = 64, value_parser = in_range(1, foil_toy::network::Architecture::LIMITS.1))]
    pub width: usize,
    /// Iterations of 4096 samples
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub iterations: u32,
    /// Seed of weights and batches
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print what would be trained and stop
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Sample {
    /// The network to sample from
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// The network that guides it: for auto a weaker one of the same class, for cfg one of both classes
    #[arg(long, value_name = "FILE")]
    pub guide: Option<PathBuf>,
    /// auto:W, cfg:W, truncate:W or none; W = 1 is no guidance
    #[arg(
        long,
        value_name = "METHOD",
        default_value = "none",
        allow_hyphen_values = true
    )]
    pub guidance: GuidanceName,
    /// Guide only where LO < σ <= HI
    #[arg(long, value_name = "LO..HI", value_parser = interval, allow_hyphen_values = true)]
    pub interval: Option<Interval>,
    /// Test the interval once per step or at every evaluation
    #[arg(long, value_enum, default_value = "step", requires = "interval")]
    pub gate: GateName,
    /// Sampler
    #[arg(long, default_value = "heun", value_parser = sampler)]
    pub sampler: SamplerChoice,
    /// Steps
    #[arg(long, default_value_t = foil_toy::sampling::STEPS, value_parser = in_range(1, 10_000))]
    pub steps: usize,
    /// Noise level where trajectories start
    #[arg(long, value_name = "σ", default_value_t = foil_toy::sampling::SIGMA_MAX, value_parser = sigma_max, allow_hyphen_values = true)]
    pub sigma_max: f64,
    /// Number of samples
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = in_range(1, 10_000_000))]
    pub samples: usize,
    /// Seed of the starting points and of stochastic samplers' noise
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// File for the samples: safetensors with a tensor `samples` [n, 2] and the settings in its metadata
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct Plot {
    /// Files written by `foil toy sample`; one panel each
    #[arg(required = true, value_name = "FILE")]
    pub samples: Vec<PathBuf>,
    /// The picture: .png or .svg
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ClassName {
    /// The first tree
    #[value(name = "A")]
    A,
    /// The second tree
    #[value(name = "B")]
    B,
    /// Both
    #[value(name = "AB")]
    AB,
}

impl From<ClassName> for Class {
    fn from(name: ClassName) -> Self {
        match name {
            ClassName::A => Self::A,
            ClassName::B => Self::B,
            ClassName::AB => Self::AB,
        }
    }
}

fn sigma_max(text: &str) -> Result<f64, String> {
    let least = foil_toy::sampling::SIGMA_MIN;
    match text.parse::<f64>() {
        Ok(value) if value > least && value <= 1000.0 => Ok(value),
        _ => Err(format!("allowed are numbers above {least} up to 1000")),
    }
}
