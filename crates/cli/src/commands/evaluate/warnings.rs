//! What makes a number less than it seems.

use anyhow::{Result, bail};
use foil_evaluation::{Features, Statistics};

use super::{extractors::Known, gather::Gathered, manifest::Manifest, measure::Compared};
use crate::arguments::{Measure, MetricName};

/// Images of published distances. Heusel et al. 2017.
const PUBLISHED: usize = 50_000;

/// All that is to be said of these images and metrics. Features that say nothing at all are an error.
pub fn of(
    manifest: &Manifest,
    metrics: &[MetricName],
    images: &Gathered,
    compared: &Compared<'_>,
) -> Result<Vec<String>> {
    let count = manifest.images.count;
    let mut warnings = Vec::new();
    for (name, described) in &images.described {
        let width = described.features.width();
        let constant = constant(&described.features);
        if constant.len() == width && count > 1 {
            bail!(
                "all {count} images have the same features of {name}: they are one image, or none of the network's kind"
            );
        }
        let precision = &manifest.extractors[name].precision;
        if precision != "f32" && Known::of(name).is_some() {
            warnings.push(format!(
                "features of {name} were computed in {precision}; published numbers are of f32"
            ));
        }
        let statistics = compared
            .reference
            .and_then(|reference| reference.statistics.get(name));
        let varied = statistics.map_or(0, |statistics| varied(statistics, &constant));
        if varied > 0 {
            warnings.push(format!(
                "{varied} of {width} features of {name} are the same in all images, and vary in the reference"
            ));
        }
        let distances = |metric: &&MetricName| {
            let of_moments = [Measure::Frechet, Measure::SpatialFrechet];
            of_moments.contains(&metric.measure) && metric.extractor.as_ref() == Some(name)
        };
        for metric in metrics.iter().filter(distances) {
            let spatial = described.spatial.as_ref();
            let spatial = spatial.filter(|_| metric.measure == Measure::SpatialFrechet);
            let width = spatial.map_or(width, Features::width);
            if count <= width {
                warnings.push(format!(
                    "{metric}: {count} images have no covariance of full rank in {width} features; the distance is mostly that of too few images"
                ));
            } else if count < PUBLISHED && name == "inception" {
                warnings.push(format!(
                    "{metric}: published distances are of {PUBLISHED} images; those of {count} are larger"
                ));
            }
            let others = statistics.and_then(|statistics| statistics.images);
            if others.is_some_and(|others| others <= width as u64) {
                warnings.push(format!(
                    "{metric}: the reference has no more images than there are features ({width})"
                ));
            }
        }
    }
    if let super::manifest::SourceManifest::Files { left_out, .. } = &manifest.images.source
        && *left_out > 0
    {
        warnings.push(format!("{left_out} files were left out"));
    }
    Ok(warnings)
}

/// Places of features that are the same in all images.
fn constant(features: &Features) -> Vec<usize> {
    let first = features.row(0);
    let mut constant: Vec<usize> = (0..features.width()).collect();
    for image in 1..features.images() {
        let row = features.row(image);
        constant.retain(|&place| row[place].total_cmp(&first[place]).is_eq());
    }
    constant
}

/// How many of these features vary in the reference.
fn varied(statistics: &Statistics, places: &[usize]) -> usize {
    let width = statistics.mean.len();
    let variance = |&&place: &&usize| statistics.covariance[place * (width + 1)] > 0.0;
    places.iter().filter(variance).count()
}
