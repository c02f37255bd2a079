//! Which metrics are computed, of which networks, and whether what they need is there.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use foil_models::bundled::{Bundle, Part};

use super::{against::Against, extractors::Opened, gather::Wanted};
use crate::{
    arguments::{Extractors, Measure, MetricName},
    files::Files,
};

/// What is typed, else what suits the model; each with the network that it is of.
pub fn metrics(
    typed: &[MetricName],
    features: Option<&String>,
    bundle: Option<&Bundle>,
) -> Vec<MetricName> {
    let of_bundle = || bundle.map(|bundle| bundle.network(Part::CleanClassifier));
    let network = features.cloned().or_else(of_bundle);
    let usual: &[Measure] = match bundle {
        Some(_) => &[Measure::Frechet, Measure::ClassScore, Measure::Accuracy],
        None => &[Measure::Frechet],
    };
    let mut metrics = typed.to_vec();
    if metrics.is_empty() {
        metrics.extend(usual.iter().copied().map(MetricName::plain));
    }
    for metric in &mut metrics {
        if metric.extractor.is_none() {
            metric.extractor = Some(network.clone().unwrap_or_else(|| "inception".to_owned()));
        }
    }
    metrics
}

/// That what the metrics compare with is there, before hours are spent on images.
pub fn check(
    metrics: &[MetricName],
    reference: Option<&Against>,
    training: Option<&PathBuf>,
) -> Result<()> {
    for metric in metrics {
        let measure = metric.measure;
        let alone = [
            Measure::ClassScore,
            Measure::Accuracy,
            Measure::Memorisation,
        ];
        let of_pairs = [
            Measure::Kernel,
            Measure::PrecisionRecall,
            Measure::DensityCoverage,
        ];
        ensure!(
            reference.is_some() || alone.contains(&measure),
            "{metric} has nothing to compare with: --reference FILE|DATA is needed"
        );
        if let Some(reference) = reference.filter(|_| of_pairs.contains(&measure)) {
            ensure!(
                reference.images.is_some(),
                "{} has moments only; {metric} looks at pairs of images, and needs a data set as --reference",
                reference.manifest.name
            );
        }
        ensure!(
            training.is_some() || measure != Measure::Memorisation,
            "{metric} needs the data set of training: --training DATA"
        );
    }
    Ok(())
}

/// Opens the networks of all metrics, and calls them in the metrics as they call themselves.
pub fn open_networks(
    metrics: &[MetricName],
    extractors: &Extractors,
    files: &Files,
) -> Result<Vec<(Opened, Wanted)>> {
    let mut networks: Vec<(String, Opened, Wanted)> = Vec::new();
    for metric in metrics {
        let name = metric.extractor.clone().unwrap_or_default();
        let place = networks.iter().position(|(known, ..)| *known == name);
        let place = if let Some(place) = place {
            place
        } else {
            let opened = Opened::open(&name, extractors, files)?;
            networks.push((name, opened, Wanted::default()));
            networks.len() - 1
        };
        let wanted = &mut networks[place].2;
        wanted.spatial |= metric.measure == Measure::SpatialFrechet;
        wanted.logits |= matches!(metric.measure, Measure::ClassScore | Measure::Accuracy);
    }
    for (name, opened, wanted) in &networks {
        let extractor = &opened.extractor;
        ensure!(
            !wanted.spatial || extractor.spatial_features() > 0,
            "{name} has no features that keep places, which sfd is of"
        );
        ensure!(
            !wanted.logits || extractor.classes() > 0,
            "{name} tells no classes, which class-score and accuracy are of"
        );
    }
    let resolutions = networks
        .iter()
        .filter_map(|(_, opened, _)| opened.resolution);
    let mut resolutions: Vec<usize> = resolutions.collect();
    resolutions.dedup();
    ensure!(
        resolutions.len() < 2,
        "classifiers of images of {resolutions:?} pixels cannot judge the same images"
    );
    let networks = networks.into_iter();
    Ok(networks
        .map(|(name, mut opened, wanted)| {
            opened.name = name;
            (opened, wanted)
        })
        .collect())
}

/// The same without ownership.
pub fn borrowed(networks: &[(Opened, Wanted)]) -> Vec<(&Opened, Wanted)> {
    let networks = networks.iter();
    networks.map(|(opened, wanted)| (opened, *wanted)).collect()
}
