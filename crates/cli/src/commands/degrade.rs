//! `foil degrade`: a network made worse on purpose, to guide with.

use anyhow::{Context, Result, ensure};
use foil_models::{checkpoint::Role, edm2::Degradation};

use crate::{
    arguments::Degrade, files::Files, open::NetworkFile, output, progress::Progress, report::Report,
};

/// Writes the network and tells what became of it.
pub fn run(arguments: &Degrade) -> Result<()> {
    let Degrade { model, out, .. } = arguments;
    let degradation = degradation(arguments)?;
    degradation.check()?;
    ensure!(
        arguments.force || std::fs::symlink_metadata(out).is_err(),
        "{} exists; --force writes over it",
        out.display()
    );
    let network = NetworkFile::open(model, &Files::open(&arguments.connection)?)?;
    let snapshot = &network.snapshot;
    ensure!(
        snapshot.role == Role::Denoiser,
        "{model} is a classifier; networks that make images can be degraded"
    );
    foil_files::check_writable(foil_files::folder_of(out))?;
    let progress = Progress::new();
    progress.say(&format!("{model} with {}", described(&degradation)));
    degradation.save(snapshot, out)?;
    let bytes = std::fs::metadata(out)
        .with_context(|| out.display().to_string())?
        .len();
    let before = snapshot.weights.iter();
    let before: u64 = before
        .map(|(_, tensor)| (tensor.count() * tensor.dtype().size_in_bytes()) as u64)
        .sum();
    let mut report = Report::new();
    report.add("network", &out.display().to_string())?;
    report.add("of", model)?;
    report.add("of-fingerprint", &network.fingerprint)?;
    let plan = network.config().plan()?;
    report.add("parameters", &plan.parameters(network.config()))?;
    report.add("bytes", &bytes)?;
    report.add("bytes-of-weights-before", &before)?;
    report.add("degradation", &degradation)?;
    output::print(&report.toml())
}

/// Exactly one was typed, which the command line has checked.
fn degradation(arguments: &Degrade) -> Result<Degradation> {
    let noise = arguments.weight_noise.map(|amount| Degradation::Noise {
        amount,
        seed: arguments.seed,
    });
    let quantised = arguments
        .bits
        .map(|bits| Degradation::Quantisation { bits });
    let pruned = arguments.prune.map(|share| Degradation::Pruning { share });
    noise
        .or(quantised)
        .or(pruned)
        .context("--weight-noise A, --bits N or --prune SHARE is needed")
}

fn described(degradation: &Degradation) -> String {
    match degradation {
        Degradation::Noise { amount, seed } => {
            format!("noise of {amount} of each tensor's root mean square, seed {seed}")
        }
        Degradation::Quantisation { bits } => format!("weights of {bits} bits"),
        Degradation::Pruning { share } => {
            format!("the smallest {} % of weights at 0", 100.0 * share)
        }
    }
}
