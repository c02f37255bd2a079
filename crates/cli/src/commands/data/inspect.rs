//! `foil data inspect`: what a data set is.

use anyhow::Result;
use foil_data::{Dataset, Kind, Spread, Statistics, statistics};
use serde_json::{Value, json};

use super::{grid, named};
use crate::{arguments::InspectData, interrupt, output, progress::Progress, report::Report};

/// More classes than this are summed up for people; programs get all.
const LISTED_CLASSES: usize = 100;

/// Reads all images and prints what they are.
pub fn run(arguments: &InspectData) -> Result<()> {
    let selection = &arguments.selection;
    let dataset = Dataset::open(&selection.data, &selection.options())?;
    if let Some(out) = &arguments.grid {
        grid::write(&dataset, out)?;
    }
    let progress = Progress::new();
    let bar = progress.bar("reading", dataset.len() as u64, "images");
    let statistics = statistics(&dataset, &mut |images| {
        bar.at(images as u64);
        interrupt::check()
    })?;
    bar.done(&format!("{} images", dataset.len()));
    let mut report = facts(&dataset, &statistics)?;
    let text = if arguments.json {
        report.add("images-of-class", &classes(&dataset))?;
        report.json()?
    } else {
        report.add("images-of-class", &classes_in_short(&dataset))?;
        report.toml()
    };
    output::print(&text)
}

fn facts(dataset: &Dataset, statistics: &Statistics) -> Result<Report> {
    let mut report = Report::new();
    let kind = match dataset.kind() {
        Kind::Pixels => "pixels",
        Kind::Moments => "latents",
    };
    report.add("kind", &kind)?;
    report.add("images", &dataset.len())?;
    report.add("shape", &dataset.shape())?;
    report.add("classes", &dataset.classes())?;
    report.add("mean", &digits(statistics.all.mean))?;
    report.add("standard-deviation", &digits(statistics.all.deviation))?;
    let of_channels = |part: fn(&Spread) -> f64| {
        let channels = statistics.channels.iter();
        channels
            .map(|spread| digits(part(spread)))
            .collect::<Vec<f64>>()
    };
    report.add("channel-means", &of_channels(|spread| spread.mean))?;
    report.add(
        "channel-standard-deviations",
        &of_channels(|spread| spread.deviation),
    )?;
    report.add("left-out", &dataset.skipped().len())?;
    report.add("damaged", &statistics.damaged.len())?;
    let examples = named(&[dataset.skipped(), &statistics.damaged].concat());
    report.add("for-example", &(!examples.is_empty()).then_some(examples))?;
    report.add("fingerprint", &dataset.fingerprint())?;
    Ok(report)
}

/// How many images each class has: by name where classes have names, else in the order of their numbers.
fn classes(dataset: &Dataset) -> Value {
    let counts = counts(dataset);
    let name = |class: usize| dataset.class_name(class as u32);
    if name(0).is_none() {
        return json!(counts);
    }
    let named = counts.iter().enumerate().filter_map(|(class, count)| {
        let name = name(class)?.to_owned();
        Some((name, json!(count)))
    });
    Value::Object(named.collect())
}

/// The same for people: nothing where there are no classes, and of very many the extremes.
fn classes_in_short(dataset: &Dataset) -> Value {
    match dataset.classes() {
        0 => Value::Null,
        1..=LISTED_CLASSES => classes(dataset),
        _ => {
            let counts = counts(dataset);
            json!({ "fewest": counts.iter().min(), "most": counts.iter().max() })
        }
    }
}

fn counts(dataset: &Dataset) -> Vec<usize> {
    let mut counts = vec![0; dataset.classes()];
    for label in (0..dataset.len()).filter_map(|index| dataset.label(index)) {
        counts[label as usize] += 1;
    }
    counts
}

/// As many as mean something.
fn digits(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
