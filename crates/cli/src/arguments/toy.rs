//! What was typed after `foil toy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use foil_diffusion::{
    guidance::{Interval, Plan as GuidancePlan},
    sampler::SamplerChoice,
};
use foil_toy::{distribution::Class, sampling::Places};

use super::{
    GateName,
    guidance::guidance,
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
    /// Show, noise level by noise level, whether a guide's errors are such that it helps: against the ideal denoiser
    Diagnose(DiagnoseToy),
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
    /// A weaker network of the same class, for guidance by auto; for cfg alone also a network of both classes
    #[arg(long, value_name = "FILE")]
    pub guide: Option<PathBuf>,
    /// A network of both classes, for guidance by cfg
    #[arg(long, value_name = "FILE")]
    pub unconditional: Option<PathBuf>,
    /// METHOD:W and what is to be done with it, such as auto:3, cfg:4@0.02..1 or auto:3+cfg:1.5. Points are guided by auto, cfg,
    /// truncate, self, noise(amount=A) and by classifier:S, the exact classifier of the two classes; `foil guidance` lists what is
    /// made of these
    #[arg(
        long,
        value_name = "METHOD:W",
        default_value = "none",
        value_parser = guidance,
        allow_hyphen_values = true
    )]
    pub guidance: GuidancePlan,
    /// Guide only where LO < σ <= HI, where --guidance does not say it with @LO..HI
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
pub struct DiagnoseToy {
    /// The network that is guided
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// A weaker network of the same class, for guidance by auto
    #[arg(long, value_name = "FILE")]
    pub guide: Option<PathBuf>,
    /// A network of both classes, for guidance by cfg
    #[arg(long, value_name = "FILE")]
    pub unconditional: Option<PathBuf>,
    /// The guide, as of `foil toy sample`; its weight does not matter here
    #[arg(long, value_name = "METHOD:W", default_value = "auto:2", value_parser = guidance, allow_hyphen_values = true)]
    pub guidance: GuidancePlan,
    /// Noise levels
    #[arg(long, default_value_t = 12, value_parser = in_range(2, 10_000))]
    pub steps: usize,
    /// The highest of them
    #[arg(long, value_name = "σ", default_value_t = foil_toy::sampling::SIGMA_MAX, value_parser = sigma_max, allow_hyphen_values = true)]
    pub sigma_max: f64,
    /// At which points: true ones with noise, or where the network's own unguided trajectories pass
    #[arg(long, value_enum, default_value = "data")]
    pub points: PlacesName,
    /// How many at each level
    #[arg(long, value_name = "N", default_value_t = 16_384, value_parser = in_range(1, 10_000_000))]
    pub samples: usize,
    /// Of these points
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Folder for diagnosis.json and plots: errors, correlation and angle, each as SVG and PNG
    #[arg(long, value_name = "DIR")]
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

/// Where errors are looked at.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PlacesName {
    Data,
    Trajectories,
}

impl From<PlacesName> for Places {
    fn from(name: PlacesName) -> Self {
        match name {
            PlacesName::Data => Self::Data,
            PlacesName::Trajectories => Self::Trajectories,
        }
    }
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
