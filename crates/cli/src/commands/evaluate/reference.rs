//! `foil evaluate reference`: mean and covariance of a data set's features, in a file that images are compared with.

use anyhow::{Result, bail, ensure};
use foil_data::{Dataset, Kind};
use foil_evaluation::{Named, Reference, Statistics, statistics};
use foil_files::{check_writable, folder_of};

use super::{extractors::Opened, last_part};
use crate::{
    arguments::{EvaluateReference, SplitName},
    commands::data::say_skipped,
    files::Files,
    interrupt,
    progress::Progress,
};

/// Writes the statistics and says so in one line.
pub fn run(arguments: &EvaluateReference) -> Result<()> {
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| write(arguments))
}

fn write(arguments: &EvaluateReference) -> Result<()> {
    let EvaluateReference {
        data, shown, out, ..
    } = arguments;
    if !arguments.force && std::fs::symlink_metadata(out).is_ok() {
        bail!("{} exists; --force writes over it", out.display());
    }
    let files = Files::open(&arguments.connection)?;
    let name = arguments.extractors.features.as_deref();
    let opened = Opened::open(name.unwrap_or("inception"), &arguments.extractors, &files)?;
    let dataset = Dataset::open(data, &shown.options(opened.resolution))?;
    ensure!(
        dataset.kind() == Kind::Pixels,
        "{} holds latents; only pixels can be judged",
        data.display()
    );
    let progress = Progress::new();
    say_skipped(&progress, dataset.skipped());
    check_writable(folder_of(out))?;
    let reference = Reference {
        statistics: gather(&opened, &dataset, &progress)?,
        network: opened.named(),
        precision: opened.manifest.precision.clone(),
        data: Named {
            name: match shown.split {
                None | Some(SplitName::Train) => last_part(data),
                Some(SplitName::Test) => format!("{}, test part", last_part(data)),
            },
            fingerprint: dataset.fingerprint(),
        },
    };
    reference.save(out)?;
    progress.say(&format!(
        "{}: {} images of {}, {} features of {}",
        out.display(),
        dataset.len(),
        reference.data.name,
        reference.statistics.mean.len(),
        reference.network.name
    ));
    Ok(())
}

fn gather(opened: &Opened, dataset: &Dataset, progress: &Progress) -> Result<Statistics> {
    let bar = progress.bar("judging", dataset.len() as u64, "images");
    let gathered = statistics(opened.extractor.as_ref(), dataset, &mut |images| {
        bar.at(images as u64);
        interrupt::check()
    })?;
    bar.done(&format!("{} images", dataset.len()));
    Ok(gathered)
}
