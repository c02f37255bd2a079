//! `foil evaluate reference`: mean and covariance of a data set's features.

use anyhow::{Result, bail};
use foil_evaluation::{Judge, Named, Reference, Statistics, statistics};
use foil_files::{check_writable, folder_of};

use super::{Opened, last_part};
use crate::{
    arguments::{EvaluateReference, SplitName, TrainPrecision},
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
        classifier,
        data,
        shown,
        out,
        force,
    } = arguments;
    if !force && std::fs::symlink_metadata(out).is_ok() {
        bail!("{} exists; --force writes over it", out.display());
    }
    let opened = Opened::open(classifier)?;
    let dataset = opened.data(data, shown)?;
    check_writable(folder_of(out))?;
    let judge = opened.judge(classifier)?;
    let progress = Progress::new();
    let reference = Reference {
        statistics: gather(&judge, &dataset, &progress)?,
        network: opened.named(),
        precision: match classifier.precision {
            TrainPrecision::F32 => "f32".to_owned(),
            TrainPrecision::Bf16 => "bf16".to_owned(),
        },
        data: Named {
            name: match shown.split {
                None | Some(SplitName::Train) => last_part(data),
                Some(SplitName::Test) => format!("{}, test part", last_part(data)),
            },
            fingerprint: dataset.fingerprint(),
        },
    };
    reference.save(out)?;
    let Statistics { images, mean, .. } = &reference.statistics;
    progress.say(&format!(
        "{}: {images} images of {}, {} features of {}",
        out.display(),
        reference.data.name,
        mean.len(),
        reference.network.name
    ));
    Ok(())
}

fn gather(judge: &Judge, dataset: &foil_data::Dataset, progress: &Progress) -> Result<Statistics> {
    let bar = progress.bar("judging", dataset.len() as u64, "images");
    let gathered = statistics(judge, dataset, &mut |images| {
        bar.at(images as u64);
        interrupt::check()
    })?;
    bar.done(&format!("{} images", dataset.len()));
    Ok(gathered)
}
