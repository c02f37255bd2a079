//! What was typed after `foil train`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::parse::in_range;

#[derive(Debug, Args)]
pub struct TrainNetwork {
    /// A run that Foil knows by name
    #[arg(long, value_name = "NAME", required_unless_present = "config")]
    pub preset: Option<String>,
    /// A file of settings, such as the `config.toml` of another run
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub config: Option<PathBuf>,
    /// The images: a folder of IDX files or of images, or an archive
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// The run's folder; the same command continues what is in it
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// How many images are seen, counted with repetition
    #[arg(long, value_name = "N", value_parser = in_range(1, 1 << 50))]
    pub images: Option<usize>,
    /// Images of a step
    #[arg(long, value_name = "N", value_parser = in_range(1, 1 << 20))]
    pub batch: Option<usize>,
    /// Images whose activations are in memory at once
    #[arg(long, value_name = "N", value_parser = in_range(1, 1 << 20))]
    pub micro_batch: Option<usize>,
    /// The largest step
    #[arg(long, value_name = "α")]
    pub learning_rate: Option<f64>,
    /// Of all random numbers
    #[arg(long)]
    pub seed: Option<u64>,
    /// Of activations and their gradients; weights are always in single precision
    #[arg(long, value_enum)]
    pub precision: Option<TrainPrecision>,
    /// Print the settings and what they come to, and train nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum TrainPrecision {
    F32,
    Bf16,
}
