//! Reference statistics: mean and covariance of features over a data set, which Fréchet distances are measured to.

mod writer;

use std::{collections::BTreeMap, sync::Arc};

use super::{
    numpy::{self, Npz},
    pickle::Node,
    problem::{Found, Problem},
};
use crate::{SourceFile, StoredTensor};

/// Metrics that EDM2's pickles have moments of.
const PICKLED: [&str; 2] = ["fid", "fd_dinov2"];

/// Metrics that archives have moments of, and what their mean and covariance are called there.
const ARCHIVED: [(&str, [&str; 2]); 2] = [("fid", ["mu", "sigma"]), ("sfid", ["mu_s", "sigma_s"])];

/// What a file knows about a data set.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// How many images it has, if the file says it.
    pub images: Option<u64>,
    /// By metric, as published: `fid` and `sfid` of Inception's features, `fd_dinov2` of DINOv2's.
    pub metrics: BTreeMap<String, Moments>,
}

/// The first two moments of features.
#[derive(Debug, Clone)]
pub struct Moments {
    /// `[features]`
    pub mean: StoredTensor,
    /// `[features, features]`
    pub covariance: StoredTensor,
}

impl Statistics {
    /// Of a pickle whose root says how many images they are of, as EDM2 writes them.
    pub(super) fn of_pickle(root: Node<'_>, file: &Arc<SourceFile>, bytes: &[u8]) -> Found<Self> {
        let images = root.get("num_images");
        let images = images.and_then(|images| numpy::number(images, bytes));
        let images = images.filter(|&images| images >= 1.0 && images < 2_f64.powi(53));
        let images = images.ok_or_else(|| Problem::new("num_images is no number of images"))?;
        let mut metrics = BTreeMap::new();
        for name in PICKLED {
            let Some(node) = root.get(name) else { continue };
            let array = |part: &str| {
                let node = node.get(part);
                let node = node.ok_or_else(|| Problem::new(format!("no {part}")))?;
                numpy::array(node, file, bytes).map_err(|problem| problem.at(part))
            };
            let arrays = array("mu").and_then(|mean| Ok([mean, array("sigma")?]));
            let moments = arrays.and_then(Moments::new);
            metrics.insert(
                name.to_owned(),
                moments.map_err(|problem| problem.at(name))?,
            );
        }
        if metrics.is_empty() {
            return Err(Problem::new("statistics without fid and fd_dinov2"));
        }
        Ok(Self {
            images: Some(images as u64),
            metrics,
        })
    }

    /// Of an archive with `mu` and `sigma`, as EDM and ADM write them, and ADM's `mu_s` and `sigma_s` of features that keep places.
    pub(super) fn of_arrays(arrays: &mut Npz<'_>) -> Found<Self> {
        let mut metrics = BTreeMap::new();
        for (name, parts) in ARCHIVED {
            if !parts.iter().any(|part| arrays.has(part)) {
                continue;
            }
            let [mean, covariance] = parts;
            let found = [arrays.array(mean)?, arrays.array(covariance)?];
            let moments = Moments::new(found).map_err(|problem| problem.at(mean))?;
            metrics.insert(name.to_owned(), moments);
        }
        Ok(Self {
            images: None,
            metrics,
        })
    }
}

impl Moments {
    fn new([mean, covariance]: [StoredTensor; 2]) -> Found<Self> {
        match (mean.shape(), covariance.shape()) {
            (&[features], &[rows, columns])
                if features > 0
                    && rows == features
                    && columns == features
                    && mean.dtype().is_float()
                    && covariance.dtype().is_float() =>
            {
                Ok(Self { mean, covariance })
            }
            (mean_shape, covariance_shape) => Err(Problem::new(format!(
                "mean {:?} {mean_shape:?} and covariance {:?} {covariance_shape:?} do not belong together",
                mean.dtype(),
                covariance.dtype()
            ))),
        }
    }
}
