//! `foil evaluate reference`: mean and covariance of a data set's features, in a file that images are compared with.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use foil_data::{Dataset, Kind, Options};
use foil_evaluation::{Gathering, Named, Reference, Statistics, describe_all};
use foil_files::{check_writable, folder_of};

use super::{extractors::Opened, foreign::Form, last_part};
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
    let with_metrics = |form: Form| -> Result<_> { Ok((form, form.metrics(out, &opened.name)?)) };
    let foreign = Form::of(out).map(with_metrics).transpose()?;
    ensure!(
        foreign.is_none() || opened.manifest.precision == "f32",
        "{} cannot say that its features were computed in {}; a .safetensors file can",
        out.display(),
        opened.manifest.precision
    );
    let dataset = open(data, &shown.options(opened.resolution))?;
    check_writable(folder_of(out))?;
    let name = match shown.split {
        None | Some(SplitName::Train) => last_part(data),
        Some(SplitName::Test) => format!("{}, test part", last_part(data)),
    };
    let line = format!(
        "{}: {} images of {name}, {} features of {}",
        out.display(),
        dataset.len(),
        opened.extractor.features(),
        opened.name
    );
    let with_places = foreign.is_some_and(|(_, [_, of_places])| !of_places.is_empty());
    let (statistics, spatial) = gather(&opened, &dataset, with_places)?;
    if let Some((form, [metric, of_places])) = foreign {
        let moments = [(metric, Some(&statistics)), (of_places, spatial.as_ref())];
        form.write(out, moments)?;
    } else {
        let fingerprint = dataset.fingerprint();
        let reference = Reference {
            statistics,
            network: opened.named(),
            precision: opened.manifest.precision.clone(),
            data: Named { name, fingerprint },
        };
        reference.save(out)?;
    }
    Progress::new().say(&line);
    Ok(())
}

fn open(data: &Path, options: &Options) -> Result<Dataset> {
    let dataset = Dataset::open(data, options)?;
    ensure!(
        dataset.kind() == Kind::Pixels,
        "{} holds latents; only pixels can be judged",
        data.display()
    );
    say_skipped(&Progress::new(), dataset.skipped());
    Ok(dataset)
}

/// The moments of all images' features, and of those that keep places, if these are wanted.
fn gather(
    opened: &Opened,
    dataset: &Dataset,
    with_places: bool,
) -> Result<(Statistics, Option<Statistics>)> {
    let extractor = opened.extractor.as_ref();
    let progress = Progress::new();
    let bar = progress.bar("judging", dataset.len() as u64, "images");
    let mut features = Gathering::new(extractor.features());
    let mut spatial = with_places.then(|| Gathering::new(extractor.spatial_features()));
    describe_all(
        extractor,
        dataset,
        0,
        &mut |described| {
            features.add(&described.features)?;
            match &mut spatial {
                Some(spatial) => spatial.add(&described.spatial),
                None => Ok(()),
            }
        },
        &mut |images| {
            bar.at(images as u64);
            interrupt::check()
        },
    )?;
    let gathered = features.finish()?;
    let spatial = spatial.map(Gathering::finish).transpose()?;
    bar.done(&format!("{} images", dataset.len()));
    Ok((gathered, spatial))
}
