//! Reference statistics: mean and covariance of features over a data set, which Fréchet distances are measured to.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    numpy,
    pickle::Node,
    problem::{Found, Problem},
};
use crate::{SourceFile, StoredTensor};

/// What a file knows about a data set.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// How many images it has.
    pub images: u64,
    /// By metric, as published: `fid` of Inception's features, `fd_dinov2` of DINOv2's.
    pub metrics: BTreeMap<String, Moments>,
}

/// The first two moments of features, in double precision.
#[derive(Debug, Clone)]
pub struct Moments {
    /// `[features]`
    pub mean: StoredTensor,
    /// `[features, features]`
    pub covariance: StoredTensor,
}

/// The statistics of a pickle whose root says how many images they are of.
pub(super) fn statistics(
    root: Node<'_>,
    file: &Arc<SourceFile>,
    bytes: &[u8],
) -> Found<Statistics> {
    let images = root.get("num_images");
    let images = images.and_then(|images| numpy::number(images, bytes));
    let images = images.filter(|&images| images >= 1.0 && images < 2_f64.powi(53));
    let images = images.ok_or_else(|| Problem::new("num_images is no number of images"))?;
    let mut metrics = BTreeMap::new();
    for name in ["fid", "fd_dinov2"] {
        let Some(node) = root.get(name) else { continue };
        let moments = moments(node, file, bytes);
        let moments = moments.map_err(|problem| problem.at(name))?;
        metrics.insert(name.to_owned(), moments);
    }
    if metrics.is_empty() {
        return Err(Problem::new("statistics without fid and fd_dinov2"));
    }
    Ok(Statistics {
        images: images as u64,
        metrics,
    })
}

fn moments(node: Node<'_>, file: &Arc<SourceFile>, bytes: &[u8]) -> Found<Moments> {
    let array = |name: &str| {
        let node = node.get(name);
        let node = node.ok_or_else(|| Problem::new(format!("no {name}")))?;
        numpy::array(node, file, bytes).map_err(|problem| problem.at(name))
    };
    let (mean, covariance) = (array("mu")?, array("sigma")?);
    match (mean.shape(), covariance.shape()) {
        (&[features], &[rows, columns])
            if features > 0 && rows == features && columns == features =>
        {
            Ok(Moments { mean, covariance })
        }
        (mean, covariance) => Err(Problem::new(format!(
            "mean {mean:?} and covariance {covariance:?} do not belong together"
        ))),
    }
}
