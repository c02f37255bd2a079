//! `foil evaluate robustness`: what common operations do to each metric. Pernias et al. 2023, *Würstchen*, appendix.
//!
//! One part of the images is operated on, and compared with another part as it is: what a metric says of the first part as it is, is what it
//! says of so many good images.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context, Result, ensure};
use foil_evaluation::{Named, Operation};
use serde::Serialize;

use super::{
    against::Against,
    extractors::Opened,
    gather::{Wanted, gather},
    manifest::ExtractorManifest,
    measure::{Compared, Numbers},
    plan::{borrowed, metrics, open_networks},
    score::{features_folder, short_digest, slug},
    source::{FileSource, OperatedSource, Source as _},
    table::{only_network, short},
};
use crate::{
    arguments::{EvaluateRobustness, Measure, MetricName},
    files::Files,
    output,
    progress::Progress,
};

/// The table as it is kept in a file.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Study {
    foil: &'static str,
    data: String,
    data_fingerprint: String,
    images: usize,
    extractors: BTreeMap<String, ExtractorManifest>,
    /// By the metric's name: the number of each operation.
    operations: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    operation: String,
    results: BTreeMap<String, f64>,
}

/// Judges, prints, and keeps what was found.
pub fn run(arguments: &EvaluateRobustness) -> Result<()> {
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| study(arguments))
}

fn study(arguments: &EvaluateRobustness) -> Result<()> {
    let files = Files::open(&arguments.connection)?;
    let extractors = &arguments.extractors;
    let metrics = metrics(&arguments.metrics, extractors.features.as_ref(), None);
    ensure!(
        metrics
            .iter()
            .all(|metric| metric.measure != Measure::Memorisation),
        "memorisation says nothing of images that were not made"
    );
    let networks = open_networks(&metrics, extractors, &files)?;
    let resolution = networks.iter().find_map(|(opened, _)| opened.resolution);
    let [mut images, mut reference] = parts(arguments, resolution)?;
    let folder = features_folder(&arguments.out);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot write {}", arguments.out.display()))?;
    let lines = lines(
        [&mut images, &mut reference],
        &metrics,
        &borrowed(&networks),
        &folder,
    )?;
    let Named { name, fingerprint } = images.named();
    let manifests = networks.iter();
    let study = Study {
        foil: env!("CARGO_PKG_VERSION"),
        images: images.count(),
        extractors: manifests
            .map(|(opened, _)| (opened.name.clone(), opened.manifest.clone()))
            .collect(),
        operations: lines
            .iter()
            .map(|(operation, numbers)| Line {
                operation: operation.clone(),
                results: numbers
                    .iter()
                    .map(|(name, number)| (name.clone(), number.value))
                    .collect(),
            })
            .collect(),
        data: name.clone(),
        data_fingerprint: fingerprint,
    };
    let stem = format!("robustness-{}-{}", slug(&name), short_digest(&study)?);
    let path = arguments.out.join(format!("{stem}.json"));
    foil_files::write(
        &path,
        (serde_json::to_string_pretty(&study)? + "\n").as_bytes(),
    )?;
    Progress::new().say(&format!("{name}: {}", path.display()));
    output::print(&if arguments.json {
        serde_json::to_string(&study)? + "\n"
    } else {
        table(&lines)
    })
}

/// The images that are operated on, and as many that are not, spread evenly over the set.
fn parts(arguments: &EvaluateRobustness, resolution: Option<usize>) -> Result<[FileSource; 2]> {
    let open = || FileSource::open(&arguments.data, &arguments.shown, resolution);
    let (images, reference) = (open()?, open()?);
    let count = arguments.images.min(images.count() / 2);
    ensure!(count > 0, "{} has no two images", arguments.data.display());
    let step = images.count() / (2 * count);
    Ok([
        images.part(0, 2 * step, count),
        reference.part(step, 2 * step, count),
    ])
}

/// Each operation with its numbers, the images as they are first.
fn lines(
    [images, reference]: [&mut FileSource; 2],
    metrics: &[MetricName],
    networks: &[(&Opened, Wanted)],
    folder: &std::path::Path,
) -> Result<Vec<(String, Numbers)>> {
    let progress = &Progress::new();
    let Named { name, fingerprint } = images.named();
    let stem = folder.join(format!("data-{fingerprint}"));
    let own = gather(images, networks, &stem, &name, progress)?;
    let named = reference.named();
    let stem = folder.join(format!("data-{}", named.fingerprint));
    let real = gather(
        reference,
        networks,
        &stem,
        &format!("{name}, reference"),
        progress,
    )?;
    let reference = Against::of_gathered(named, real)?;
    let compared = Compared {
        reference: Some(&reference),
        training: None,
    };
    let mut lines = Vec::new();
    let mut add = |operation: String, images: &super::gather::Gathered| -> Result<()> {
        let mut numbers = Numbers::new();
        for metric in metrics {
            let found = compared.measure(metric, images);
            numbers.extend(found.with_context(|| format!("{operation}: {metric}"))?);
        }
        lines.push((operation, numbers));
        Ok(())
    };
    add("as they are".to_owned(), &own)?;
    let channels = images.shape()[0];
    let operations = Operation::ALL.into_iter();
    for operation in operations.filter(|operation| operation.changes(channels)) {
        let name = operation.to_string();
        let stem = folder.join(format!("data-{fingerprint}-{}", short_digest(&name)?));
        let mut source = OperatedSource {
            files: images,
            operation,
        };
        add(
            name.clone(),
            &gather(&mut source, networks, &stem, &name, progress)?,
        )?;
    }
    Ok(lines)
}

/// One line for each operation, one column for each number.
fn table(lines: &[(String, Numbers)]) -> String {
    let Some((_, first)) = lines.first() else {
        return String::new();
    };
    let names: Vec<&String> = first.keys().collect();
    let network = only_network(names.iter().map(|name| name.as_str()));
    let heads: Vec<&str> = names.iter().map(|name| short(name, network)).collect();
    let left = lines.iter().map(|(operation, _)| operation.chars().count());
    let left = left.max().unwrap_or(0);
    let mut text = network.map_or(String::new(), |network| format!("features of {network}\n"));
    let _ = write!(text, "{:left$}", "");
    let width = |head: &str| head.chars().count().max(9);
    // Writing into a text cannot fail.
    for head in &heads {
        let _ = write!(text, "  {head:>0$}", width(head));
    }
    text.push('\n');
    for (operation, numbers) in lines {
        let _ = write!(text, "{operation:<left$}");
        for (name, head) in names.iter().zip(&heads) {
            let number = numbers[*name].value;
            let _ = write!(text, "  {number:>0$.4}", width(head));
        }
        text.push('\n');
    }
    text
}
