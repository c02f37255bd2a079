//! `foil evaluate accuracy`: how many images a classifier gives their class.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context, Result, bail, ensure};
use foil_data::Dataset;
use foil_evaluation::{Accuracy, Images, OfClass, accuracy};
use serde::Serialize;

use super::{extractors::Opened, source::Samples};
use crate::{
    arguments::{EvaluateAccuracy, Shown},
    commands::data::say_skipped,
    files::Files,
    interrupt, output,
    progress::Progress,
    report::Report,
};

/// What is said of one class.
#[derive(Serialize)]
struct Line {
    class: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    images: u64,
    right: u64,
    percentage: Option<f64>,
}

/// Judges the images and prints what came of it.
pub fn run(arguments: &EvaluateAccuracy) -> Result<()> {
    // Work handed to the pool from outside it would wait at every operation.
    let (lines, total) = rayon::scope(|_| lines(arguments))?;
    output::print(&if arguments.json {
        json(&lines, total)?
    } else {
        table(&lines, total)
    })
}

fn lines(arguments: &EvaluateAccuracy) -> Result<(Vec<Line>, OfClass)> {
    let classifier = &arguments.classifier;
    let files = Files::open(&classifier.connection)?;
    let opened = Opened::classifier(&classifier.features, classifier.precision, &files)?;
    let names = opened.class_names();
    let name = |class: usize| names.get(class).map(ToString::to_string);
    let (accuracy, names): (_, Vec<_>) = match (&arguments.data, &arguments.images) {
        (Some(data), _) => {
            let options = arguments.shown.options(opened.resolution);
            let dataset = Dataset::open(data, &options)?;
            say_skipped(&Progress::new(), dataset.skipped());
            let classes = labels(&dataset, data)?;
            let accuracy = judge(&opened, &dataset, &classes)?;
            let own = |class: usize| dataset.class_name(class as u32).map(str::to_owned);
            let names = (0..accuracy.classes.len()).map(|class| own(class).or(name(class)));
            (accuracy, names.collect())
        }
        (None, Some(folder)) => {
            let Shown { split, fit } = arguments.shown;
            ensure!(
                split.is_none() && fit.is_none(),
                "--split and --fit are for --data, and have no use with --images"
            );
            let samples = Samples::open(folder)?;
            let accuracy = judge(&opened, &samples, &samples.classes)?;
            let names = (0..accuracy.classes.len()).map(name);
            (accuracy, names.collect())
        }
        (None, None) => bail!("--data PATH or --images DIR is needed"),
    };
    let named = accuracy.classes.iter().zip(names).enumerate();
    let line = |(class, (verdicts, name)): (usize, (&OfClass, Option<String>))| Line {
        class,
        name,
        images: verdicts.images,
        right: verdicts.right,
        percentage: verdicts.percentage(),
    };
    Ok((named.map(line).collect(), accuracy.total()))
}

fn labels(dataset: &Dataset, path: &Path) -> Result<Vec<u32>> {
    let labels: Option<Vec<u32>> = (0..dataset.len())
        .map(|index| dataset.label(index))
        .collect();
    labels.with_context(|| format!("{} has no labels to be compared with", path.display()))
}

fn judge(opened: &Opened, images: &dyn Images, classes: &[u32]) -> Result<Accuracy> {
    let progress = Progress::new();
    let bar = progress.bar("judging", images.count() as u64, "images");
    let judged = accuracy(opened.extractor.as_ref(), images, classes, &mut |count| {
        bar.at(count as u64);
        interrupt::check()
    })?;
    bar.done(&format!("{} images", images.count()));
    Ok(judged)
}

/// For people: classes that have names are called by them too.
fn table(lines: &[Line], total: OfClass) -> String {
    let mut text = format!("{:>5} {:>9} {:>9} {:>9}\n", "class", "images", "right", "%");
    let mut add = |class: &str, verdicts: [u64; 2], percentage: Option<f64>, name: &str| {
        let [images, right] = verdicts;
        let percentage = percentage.map_or("–".to_owned(), |share| format!("{share:.2}"));
        let line = format!("{class:>5} {images:>9} {right:>9} {percentage:>9}  {name}");
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    };
    for line in lines {
        let name = line.name.as_deref().unwrap_or_default();
        let class = line.class.to_string();
        add(&class, [line.images, line.right], line.percentage, name);
    }
    let verdicts = [total.images, total.right];
    add("total", verdicts, total.percentage(), "");
    text
}

/// For programs.
fn json(lines: &[Line], total: OfClass) -> Result<String> {
    let mut report = Report::new();
    report.add("classes", &lines)?;
    report.add("images", &total.images)?;
    report.add("right", &total.right)?;
    report.add("percentage", &total.percentage())?;
    report.json()
}
