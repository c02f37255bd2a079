//! What was typed, with no side effects.

mod bench;
mod compare;
mod data;
mod deciding;
mod degrade;
mod diagnose;
mod ema;
mod evaluate;
mod files;
mod generation;
mod guidance;
mod metric;
mod parse;
mod sample;
mod toy;
mod train;
mod tune;

use std::process::ExitCode;

use clap::{Parser, Subcommand, error::ErrorKind};

pub use bench::{BenchCommand, BenchEvaluate, BenchGuidance, BenchNet, BenchOps, BenchTrain};
pub use compare::Compare;
pub use data::{ConvertData, DataCommand, InspectData, SplitName};
pub use deciding::Deciding;
pub use degrade::Degrade;
pub use diagnose::Diagnose;
pub use ema::{Ema, StoredPrecision};
pub use evaluate::{
    Evaluate, EvaluateAccuracy, EvaluateCommand, EvaluateDiff, EvaluateReference,
    EvaluateRobustness, Extractors, ImagesName, Score, Shown,
};
pub use files::{Connection, Convert, Fetch, Inspect, Models};
pub use generation::{Generation, PrecisionName, RandomName};
pub use guidance::{GateName, Weights};
pub use metric::{Measure, MetricName};
pub use sample::{SampleImages, Seeds};
pub use toy::{Bench, DiagnoseToy, Plot, Reproduce, Sample, ToyCommand, Train};
pub use train::{TrainNetwork, TrainPrecision};
pub use tune::{Range, Tune};

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
    /// Train a network, or continue; the same command goes on where it was stopped
    Train(Box<TrainNetwork>),
    /// Train a classifier: of noisy images, to guide with, or of clean ones, to judge with
    TrainClassifier(Box<TrainNetwork>),
    /// Look at data sets, and make archives of them
    #[command(subcommand)]
    Data(DataCommand),
    /// Rebuild averages of a training run's weights, of any length, from the snapshots it kept
    Ema(Ema),
    /// Make a network worse on purpose: a guide for auto that needs no training
    Degrade(Degrade),
    /// Show, noise level by noise level, whether a guide's errors are such that it helps
    Diagnose(Box<Diagnose>),
    /// Judge images, made for it or there: Fréchet distances and their friends, with a record of how they came about
    Evaluate(Box<Evaluate>),
    /// Measure the speed of this machine's arithmetic
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Compare methods of guidance, each at its best weight, with common seeds
    Compare(Box<Compare>),
    /// Find the best method, guide, weight, interval and EMA lengths for a metric, under a budget of images
    Tune(Box<Tune>),
    /// List the methods of guidance, and how they are written
    Guidance,
    /// List the published models: networks, guidance, scores and sizes
    Models(Models),
    /// Download models into the cache, and print where they are
    Fetch(Fetch),
    /// Say what is in a checkpoint; nothing in it is executed
    Inspect(Inspect),
    /// Write a checkpoint as safetensors, its numbers unchanged
    Convert(Convert),
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
            let (pointed, said): (Vec<&str>, Vec<&str>) = text
                .lines()
                .partition(|line| line.starts_with(guidance::POINTED));
            let said = said
                .into_iter()
                .map(str::trim)
                .filter(|line| !line.is_empty());
            let said: Vec<&str> = said
                .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
                .collect();
            eprintln!("{}", said.join(" "));
            for line in pointed {
                eprintln!("{line}");
            }
            ExitCode::from(crate::REFUSED)
        }
    }
}
