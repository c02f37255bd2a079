//! What was typed, with no side effects.

mod sample;

use std::{fmt, path::PathBuf, process::ExitCode, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum, error::ErrorKind};
use foil_diffusion::{
    guidance::{Gate, Interval},
    sampler::SamplerChoice,
};
use foil_toy::distribution::Class;

pub use sample::{PrecisionName, RandomName, SampleImages};

/// Guided diffusion: train, sample and evaluate models that a weaker version of themselves makes better.
#[derive(Debug, Parser)]
#[command(name = "foil", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The two-dimensional laboratory of the autoguidance paper, where the truth is known
    #[command(subcommand)]
    Toy(ToyCommand),
    /// Make images with an EDM2 network, guided by another one or not
    Sample(Box<SampleImages>),
    /// Measure the speed of this machine's arithmetic
    #[command(subcommand)]
    Bench(BenchCommand),
    /// List the published models: networks, guidance, scores and sizes
    Models(Models),
    /// Download models into the cache, and print where they are
    Fetch(Fetch),
    /// Say what is in a checkpoint; nothing in it is executed
    Inspect(Inspect),
    /// Write a checkpoint as safetensors, its numbers unchanged
    Convert(Convert),
}

#[derive(Debug, Args)]
pub struct Models {
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Fetch {
    /// Presets or networks of `foil models`, https:// addresses, hf://owner/name/path@revision, or paths of files
    #[arg(required = true, value_name = "NAME|URL")]
    pub sources: Vec<String>,
    #[command(flatten)]
    pub connection: Connection,
}

/// Whether files may come from elsewhere.
#[derive(Debug, Args)]
pub struct Connection {
    /// Open no connection and use what is in the cache; FOIL_OFFLINE=1 and HF_HUB_OFFLINE=1 do the same
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// A file of NVIDIA's, PyTorch's or Foil's, or any safetensors file; its name does not matter
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON object instead of TOML
    #[arg(long)]
    pub json: bool,
    /// List every tensor with its type and shape
    #[arg(long)]
    pub tensors: bool,
}

#[derive(Debug, Args)]
pub struct Convert {
    /// The checkpoint to read
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The file to write: a snapshot of Foil if it is a network that Foil knows, else its tensors by their names
    #[arg(value_name = "OUT.safetensors", value_parser = safetensors_path)]
    pub out: PathBuf,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
}

fn safetensors_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension == "safetensors" => Ok(path),
        _ => Err("the name must end in .safetensors".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// The operations of image networks beside candle's, as shares of what the processor could do
    Ops(BenchOps),
    /// One evaluation of a network
    Net(BenchNet),
}

#[derive(Debug, Args)]
pub struct BenchNet {
    /// A network: a file, or with --random-weights the name of an architecture such as edm2-img512-s
    #[arg(long, value_name = "MODEL")]
    pub model: String,
    /// Draw the weights instead of reading them
    #[arg(long)]
    pub random_weights: bool,
    /// Images at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = in_range(1, 4096))]
    pub batch: usize,
    /// Of weights and activations; auto is bf16 where the processor multiplies it natively
    #[arg(long, value_enum, default_value = "auto")]
    pub precision: PrecisionName,
    #[command(flatten)]
    pub connection: Connection,
    /// Evaluations that are timed, after one that is not
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = in_range(1, 10_000))]
    pub runs: usize,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchOps {
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Measure only rows whose operation, type and shape contain TEXT, such as conv3x3, bf16 or 'linear bf16'
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Seconds for each measurement; at least three runs whatever they take
    #[arg(long, value_name = "S", default_value_t = 0.15, value_parser = seconds, allow_hyphen_values = true)]
    pub seconds: f64,
}

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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum GateName {
    /// By the level a step starts from, as the reference code of the interval paper
    Step,
    /// By each evaluation's own level
    Evaluation,
}

/// A method of guidance with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GuidanceName {
    None,
    Auto(f64),
    ClassifierFree(f64),
    Truncation(f64),
}

impl FromStr for GuidanceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = "allowed are none, auto:W, cfg:W and truncate:W with a finite number W";
        let (name, weight) = text.split_once(':').unwrap_or((text, ""));
        let weight = || match weight.parse::<f64>() {
            Ok(weight) if weight.is_finite() => Ok(weight),
            _ => Err(format!("'{weight}' is no weight; {allowed}")),
        };
        match name {
            "none" if text == "none" => Ok(Self::None),
            "auto" => Ok(Self::Auto(weight()?)),
            "cfg" => Ok(Self::ClassifierFree(weight()?)),
            "truncate" => Ok(Self::Truncation(weight()?)),
            _ => Err(format!("unknown guidance; {allowed}")),
        }
    }
}

impl fmt::Display for GuidanceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(formatter, "none"),
            Self::Auto(weight) => write!(formatter, "auto:{weight}"),
            Self::ClassifierFree(weight) => write!(formatter, "cfg:{weight}"),
            Self::Truncation(weight) => write!(formatter, "truncate:{weight}"),
        }
    }
}

fn interval(text: &str) -> Result<Interval, String> {
    let allowed = "allowed is LO..HI with 0 <= LO < HI, such as 0.1..1.5";
    let (low, high) = text.split_once("..").ok_or(allowed)?;
    let number = |part: &str| {
        part.trim()
            .parse::<f64>()
            .map_err(|_| format!("'{part}' is no number; {allowed}"))
    };
    // The gate is another flag; it is set when settings are made.
    Interval::new(number(low)?, number(high)?, Gate::Step).map_err(|_| allowed.to_owned())
}

fn sampler(name: &str) -> Result<SamplerChoice, String> {
    name.parse()
        .map_err(|error: foil_diffusion::Error| error.to_string())
}

fn sigma_max(text: &str) -> Result<f64, String> {
    let least = foil_toy::sampling::SIGMA_MIN;
    match text.parse::<f64>() {
        Ok(value) if value > least && value <= 1000.0 => Ok(value),
        _ => Err(format!("allowed are numbers above {least} up to 1000")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 60.0 => Ok(value),
        _ => Err("allowed are numbers above 0 up to 60".to_owned()),
    }
}

fn in_range(least: usize, most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| match text.parse::<usize>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("allowed are whole numbers from {least} to {most}")),
    }
}

/// Help goes out as it is; a mistake becomes one line.
#[expect(
    clippy::print_stderr,
    reason = "errors of the command line reach the user here"
)]
pub fn explain(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nothing can be done about a closed pipe.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(crate::REFUSED)
        }
        _ => {
            let text = error.to_string();
            let said = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let said: Vec<&str> = said
                .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
                .collect();
            eprintln!("{}", said.join(" "));
            ExitCode::from(crate::REFUSED)
        }
    }
}
