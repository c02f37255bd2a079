//! What was typed after `foil bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Connection, PrecisionName, TrainPrecision, parse::in_range};

#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// The operations of image networks beside candle's, as shares of what the processor could do
    Ops(BenchOps),
    /// One evaluation of a network
    Net(BenchNet),
    /// Sampling with guidance: what it costs beside the networks, and whether time follows evaluations
    Guidance(BenchGuidance),
    /// Training steps of a network, on random images
    Train(BenchTrain),
    /// The Fréchet distance, and images through Inception-v3
    Evaluate(BenchEvaluate),
}

#[derive(Debug, Args)]
pub struct BenchEvaluate {
    /// Statistics as of foil evaluate reference
    #[arg(long, value_name = "FILE")]
    pub one: PathBuf,
    /// Others of the same features
    #[arg(long, value_name = "FILE")]
    pub other: PathBuf,
    /// Weights of Inception-v3, whatever they are
    #[arg(long, value_name = "FILE")]
    pub inception: PathBuf,
    /// Weights of DINOv2, to measure that too
    #[arg(long, value_name = "FILE")]
    pub dinov2: Option<PathBuf>,
    /// Runs that are timed, after one that is not
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = in_range(1, 10_000))]
    pub runs: usize,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchTrain {
    /// The network of a preset of foil train, or edm2-xxs and its like
    #[arg(long, value_name = "NAME", default_value = "fashion")]
    pub preset: String,
    /// Another width and height than the preset's
    #[arg(long, value_name = "N", value_parser = in_range(1, 4096))]
    pub resolution: Option<usize>,
    /// Images of a step
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = in_range(1, 4096))]
    pub batch: usize,
    /// Of activations and their gradients
    #[arg(long, value_enum, default_value = "bf16")]
    pub precision: TrainPrecision,
    /// Steps that are timed, after two that are not
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = in_range(1, 10_000))]
    pub steps: usize,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchGuidance {
    /// The network that is guided: a file, or with --random-weights the name of an architecture
    #[arg(long, value_name = "MODEL", default_value = "fashion-main")]
    pub model: String,
    /// The one that guides it, as auto and cfg [default: the same]
    #[arg(long, value_name = "MODEL")]
    pub guide: Option<String>,
    /// Draw the weights instead of reading them
    #[arg(long)]
    pub random_weights: bool,
    /// A way to guide, beside none and auto:2, such as auto:2@0.2..5. May be repeated
    #[arg(long, value_name = "METHOD:W", value_parser = super::guidance::guidance, allow_hyphen_values = true)]
    pub guidance: Vec<foil_diffusion::guidance::Plan>,
    /// Sampler
    #[arg(long, default_value = "heun")]
    pub sampler: String,
    /// Steps
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = in_range(1, 10_000))]
    pub steps: usize,
    /// Images at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = in_range(1, 4096))]
    pub batch: usize,
    /// Of weights and activations; auto is bf16 where the processor multiplies it natively
    #[arg(long, value_enum, default_value = "auto")]
    pub precision: PrecisionName,
    #[command(flatten)]
    pub connection: Connection,
    /// Trajectories of each way that are timed, in turns
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = in_range(1, 10_000))]
    pub runs: usize,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
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

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 60.0 => Ok(value),
        _ => Err("allowed are numbers above 0 up to 60".to_owned()),
    }
}
