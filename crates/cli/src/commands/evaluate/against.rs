//! What images are compared with: moments that were kept, or a data set whose images are described now.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use foil_evaluation::{Features, Gathering, Named, Reference, Statistics};
use foil_models::{
    SourceFile,
    checkpoint::{self, Contents},
};

use super::{
    extractors::Opened,
    foreign,
    gather::{Gathered, Wanted, gather},
    last_part,
    manifest::ReferenceManifest,
    source::FileSource,
};
use crate::{arguments::Shown, files::Files, open::fingerprint, progress::Progress};

/// Moments, and the images if they were there.
pub struct Against {
    pub manifest: ReferenceManifest,
    /// By the name of the network.
    pub statistics: BTreeMap<String, Statistics>,
    /// The same of features that keep places.
    pub spatial: BTreeMap<String, Statistics>,
    pub images: Option<Gathered>,
}

impl Against {
    /// Of a file of statistics, a bundled one, or a data set. Features of a data set are kept in `folder`.
    pub fn open(
        name: &str,
        shown: &Shown,
        networks: &[(&Opened, Wanted)],
        folder: &Path,
        files: &Files,
    ) -> Result<Self> {
        let path = Path::new(name);
        if path.is_dir() || path.is_file() && !is_statistics(path) {
            return Self::of_images(path, shown, networks, folder);
        }
        let file = files.one(name).with_context(|| {
            format!("{name} is neither a data set nor a file of statistics that can be read")
        })?;
        ensure!(
            shown.split.is_none() && shown.fit.is_none(),
            "--split and --fit are for data sets; {name} holds statistics"
        );
        match Contents::of(&file)? {
            Contents::Reference(_) => Self::of_reference(name, &Reference::of(&file)?, networks),
            Contents::Statistics(statistics) => {
                let named = Named {
                    name: last_part(path),
                    fingerprint: fingerprint(&file)?,
                };
                Self::foreign(named, &statistics, networks)
            }
            _ => bail!("{name} holds no statistics; `foil inspect` shows what it is"),
        }
    }

    /// A data set, every image of which is described.
    pub fn of_images(
        path: &Path,
        shown: &Shown,
        networks: &[(&Opened, Wanted)],
        folder: &Path,
    ) -> Result<Self> {
        let resolution = networks.iter().find_map(|(opened, _)| opened.resolution);
        let mut source = FileSource::open(path, shown, resolution)?;
        let named = source.named();
        let stem = folder.join(format!("data-{}", named.fingerprint));
        let gathered = gather(&mut source, networks, &stem, &named.name, &Progress::new())?;
        Self::of_gathered(named, gathered)
    }

    /// Images that have been described.
    pub fn of_gathered(named: Named, gathered: Gathered) -> Result<Self> {
        let (mut statistics, mut spatial) = (BTreeMap::new(), BTreeMap::new());
        let mut count = 0;
        for (name, described) in &gathered.described {
            count = described.features.images() as u64;
            statistics.insert(name.clone(), moments_of(&described.features)?);
            if let Some(features) = &described.spatial {
                spatial.insert(name.clone(), moments_of(features)?);
            }
        }
        Ok(Self {
            manifest: ReferenceManifest::new(named, Some(count), false),
            statistics,
            spatial,
            images: Some(gathered),
        })
    }

    fn of_reference(
        name: &str,
        reference: &Reference,
        networks: &[(&Opened, Wanted)],
    ) -> Result<Self> {
        let mut statistics = BTreeMap::new();
        for (opened, _) in networks {
            let Named {
                name: network,
                fingerprint,
            } = &reference.network;
            let same = *fingerprint == opened.fingerprint
                && (opened.resolution.is_some() || *network == opened.name);
            ensure!(
                same,
                "{name} has features of {network} ({fingerprint}), the images of {} ({}): they cannot be compared",
                opened.name,
                opened.fingerprint
            );
            ensure!(
                reference.precision == opened.manifest.precision,
                "{name} has features computed in {}, the images in {}: they cannot be compared",
                reference.precision,
                opened.manifest.precision
            );
            statistics.insert(opened.name.clone(), reference.statistics.clone());
        }
        let images = reference.statistics.images;
        Ok(Self {
            manifest: ReferenceManifest::new(reference.data.clone(), images, true),
            statistics,
            spatial: BTreeMap::new(),
            images: None,
        })
    }

    /// Statistics of other programs, which do not say what network they are of but by the metric they are for.
    fn foreign(
        named: Named,
        statistics: &checkpoint::Statistics,
        networks: &[(&Opened, Wanted)],
    ) -> Result<Self> {
        let images = statistics.images;
        let mut found = [BTreeMap::new(), BTreeMap::new()];
        for (opened, wanted) in networks {
            let metrics = foreign::metrics(&opened.name).with_context(|| {
                format!(
                    "{} is for features of inception and dinov2, not of {}",
                    named.name, opened.name
                )
            })?;
            for (place, metric) in metrics.into_iter().enumerate() {
                if let Some(moments) = statistics.metrics.get(metric) {
                    let read = Statistics::of_moments(images, moments);
                    let read = read.with_context(|| format!("{}: {metric}", named.name))?;
                    found[place].insert(opened.name.clone(), read);
                } else if place == 0 || wanted.spatial {
                    let known: Vec<&String> = statistics.metrics.keys().collect();
                    bail!("{} has no {metric}, only {known:?}", named.name);
                }
            }
        }
        let [statistics, spatial] = found;
        Ok(Self {
            manifest: ReferenceManifest::new(named, images, true),
            statistics,
            spatial,
            images: None,
        })
    }
}

/// Mean and covariance.
pub fn moments_of(features: &Features) -> Result<Statistics> {
    let mut gathering = Gathering::new(features.width());
    gathering.add(features.numbers())?;
    Ok(gathering.finish()?)
}

/// Whether a file is no data set.
fn is_statistics(path: &Path) -> bool {
    let read = SourceFile::open(PathBuf::from(path)).and_then(|file| Contents::of(&file));
    matches!(read, Ok(Contents::Reference(_) | Contents::Statistics(_)))
}
