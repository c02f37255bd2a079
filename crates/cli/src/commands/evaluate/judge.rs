//! What images are judged with: metrics, networks that describe images, and what is compared with. Features are kept on disk under what decides the
//! images, so that the same ones are described once, whoever asks.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use foil_files::check_writable;
use foil_models::bundled::Bundle;

use super::{
    against::Against,
    extractors::Opened,
    gather::{Gathered, Wanted, gather},
    manifest::{Evaluation, ImagesManifest, Manifest},
    measure::{Compared, Numbers, together},
    plan::{borrowed, check, metrics, open_networks},
    score::{features_folder, short_digest, slug},
    source::Source,
    warnings,
};
use crate::{
    arguments::{Extractors, MetricName, Shown, SplitName},
    files::Files,
    progress::Progress,
};

/// What a command line says of judging.
pub struct Asked<'a> {
    pub metrics: &'a [MetricName],
    pub extractors: &'a Extractors,
    pub reference: Option<&'a String>,
    pub training: Option<&'a PathBuf>,
    pub shown: &'a Shown,
    pub out: &'a Path,
}

/// Ready to judge.
pub struct Judge {
    out: PathBuf,
    metrics: Vec<MetricName>,
    networks: Vec<(Opened, Wanted)>,
    reference: Option<Against>,
    training: Option<Against>,
    /// Where what it does is drawn.
    pub progress: Progress,
}

impl Judge {
    /// Opens networks and references; images of a bundled model are compared with its own test set, unless it is said.
    pub fn open(asked: &Asked<'_>, bundle: Option<&'static Bundle>, files: &Files) -> Result<Self> {
        let features = asked.extractors.features.as_ref();
        let metrics = metrics(asked.metrics, features, bundle);
        let networks = open_networks(&metrics, asked.extractors, files)?;
        let folder = features_folder(asked.out);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot write {}", asked.out.display()))?;
        check_writable(asked.out)?;
        let borrowed = borrowed(&networks);
        let statistics = bundle.map(|bundle| bundle.statistics("test"));
        let reference = asked.reference.cloned().or(statistics);
        let reference = reference
            .map(|name| Against::open(&name, asked.shown, &borrowed, &folder, files))
            .transpose()?;
        check(&metrics, reference.as_ref(), asked.training)?;
        let of_training = |path: &PathBuf| {
            let shown = Shown {
                split: Some(SplitName::Train),
                fit: asked.shown.fit,
            };
            Against::of_images(path, &shown, &borrowed, &folder)
        };
        let training = asked.training.map(of_training).transpose()?;
        Ok(Self {
            out: asked.out.to_owned(),
            metrics,
            networks,
            reference,
            training,
            progress: Progress::new(),
        })
    }

    /// What the first metric is called.
    pub fn first_metric(&self) -> String {
        self.metrics
            .first()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// Height and width that images must have, if they must have one.
    pub fn resolution(&self) -> Option<usize> {
        let mut networks = self.networks.iter();
        networks.find_map(|(opened, _)| opened.resolution)
    }

    /// Judges images, and keeps what was found in a file, whose path is returned with it.
    pub fn judge(
        &self,
        title: &str,
        source: &mut dyn Source,
        images: ImagesManifest,
    ) -> Result<(Evaluation, PathBuf)> {
        let slug = slug(title);
        let stem = format!(
            "{slug}-{}",
            short_digest(&images.source.whatever_their_number())?
        );
        let stem = features_folder(&self.out).join(stem);
        let networks = borrowed(&self.networks);
        let gathered = gather(source, &networks, &stem, title, &self.progress)?;
        let manifest = Manifest {
            foil: env!("CARGO_PKG_VERSION").to_owned(),
            images,
            extractors: self
                .networks
                .iter()
                .map(|(opened, _)| (opened.name.clone(), opened.manifest.clone()))
                .collect(),
            reference: self.reference.as_ref().map(|known| known.manifest.clone()),
            training: self.training.as_ref().map(|known| known.manifest.clone()),
        };
        let compared = Compared {
            reference: self.reference.as_ref(),
            training: self.training.as_ref(),
        };
        let warnings = warnings::of(&manifest, &self.metrics, &gathered, &compared)?;
        let evaluation = Evaluation {
            results: self.measure(&compared, &gathered, &manifest.images, title)?,
            manifest,
            warnings,
        };
        let name = format!("{slug}-{}.json", short_digest(&evaluation.manifest)?);
        let path = self.out.join(name);
        let text = serde_json::to_string_pretty(&evaluation)? + "\n";
        foil_files::write(&path, text.as_bytes())?;
        Ok((evaluation, path))
    }

    fn measure(
        &self,
        compared: &Compared<'_>,
        gathered: &Gathered,
        images: &ImagesManifest,
        title: &str,
    ) -> Result<Numbers> {
        let mut repeats = Vec::new();
        for repeat in 0..images.repeats {
            let part = gathered.part(repeat, images.count)?;
            let mut numbers = Numbers::new();
            for metric in &self.metrics {
                let found = compared.measure(metric, &part);
                numbers.extend(found.with_context(|| format!("{title}: {metric}"))?);
            }
            repeats.push(numbers);
        }
        Ok(together(&repeats))
    }
}

/// Says what is to be thought of, and where the result is.
pub fn say(title: &str, evaluation: &Evaluation, path: &Path) {
    for warning in &evaluation.warnings {
        Progress::new().say(&format!("{title}: {warning}"));
    }
    Progress::new().say(&format!("{title}: {}", path.display()));
}
