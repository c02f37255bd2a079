//! One function for each verb: resolve what was typed, call the library, report.

mod bench;
mod compare;
mod convert;
mod data;
mod degrade;
mod diagnose;
mod ema;
mod evaluate;
mod fetch;
mod guidance;
mod inspect;
mod method;
mod models;
mod sample;
mod toy;
mod train;
mod tune;

use anyhow::Result;

use crate::arguments::{BenchCommand, Command, DataCommand, Evaluate, EvaluateCommand, ToyCommand};

/// Runs a command.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Toy(ToyCommand::Reproduce(arguments)) => toy::reproduce::run(&arguments),
        Command::Toy(ToyCommand::Train(arguments)) => toy::train::run(&arguments),
        Command::Toy(ToyCommand::Sample(arguments)) => toy::sample::run(&arguments),
        Command::Toy(ToyCommand::Diagnose(arguments)) => toy::diagnose::run(&arguments),
        Command::Toy(ToyCommand::Plot(arguments)) => toy::plot::run(&arguments),
        Command::Toy(ToyCommand::Bench(arguments)) => toy::bench::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Train(arguments) => train::run(train::Verb::Train, &arguments),
        Command::TrainClassifier(arguments) => train::run(train::Verb::TrainClassifier, &arguments),
        Command::Data(DataCommand::Inspect(arguments)) => data::inspect::run(&arguments),
        Command::Data(DataCommand::Convert(arguments)) => data::convert::run(&arguments),
        Command::Ema(arguments) => ema::run(&arguments),
        Command::Degrade(arguments) => degrade::run(&arguments),
        Command::Diagnose(arguments) => diagnose::run(&arguments),
        Command::Evaluate(arguments) => evaluate(&arguments),
        Command::Bench(BenchCommand::Net(arguments)) => bench::net::run(&arguments),
        Command::Bench(BenchCommand::Guidance(arguments)) => bench::guidance::run(&arguments),
        Command::Bench(BenchCommand::Train(arguments)) => bench::train::run(&arguments),
        Command::Bench(BenchCommand::Evaluate(arguments)) => bench::evaluate::run(&arguments),
        Command::Bench(BenchCommand::Ops(arguments)) => bench::ops::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Tune(arguments) => tune::run(&arguments),
        Command::Guidance => guidance::run(),
        Command::Models(arguments) => models::run(&arguments),
        Command::Fetch(arguments) => fetch::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
    }
}

fn evaluate(arguments: &Evaluate) -> Result<()> {
    match &arguments.command {
        None => evaluate::score::run(&arguments.score),
        Some(EvaluateCommand::Reference(arguments)) => evaluate::reference::run(arguments),
        Some(EvaluateCommand::Accuracy(arguments)) => evaluate::accuracy::run(arguments),
        Some(EvaluateCommand::Diff(arguments)) => evaluate::diff::run(arguments),
        Some(EvaluateCommand::Robustness(arguments)) => evaluate::robustness::run(arguments),
        Some(EvaluateCommand::Metrics) => evaluate::metrics::run(),
    }
}
