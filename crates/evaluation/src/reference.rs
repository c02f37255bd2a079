//! Statistics as a file, with what they are of: what generated images are compared with, made once.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use candle_core::DType;
use foil_models::{
    SourceFile, StoredTensor, Weights,
    checkpoint::{Moments, Safetensors, write},
};

use crate::{Error, Result, Statistics};

const KIND: &str = "statistics";
const MEAN: &str = "mean";
const COVARIANCE: &str = "covariance";

/// Something that was called a name, and can be told from another of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What it was called.
    pub name: String,
    /// Digits that tell it from others.
    pub fingerprint: String,
}

/// Statistics, and what they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The moments.
    pub statistics: Statistics,
    /// What made the features.
    pub network: Named,
    /// The type of its weights and activations.
    pub precision: String,
    /// The images.
    pub data: Named,
}

impl Reference {
    /// Writes a safetensors file into a folder that is there. The file is whole or not there.
    pub fn save(&self, path: &Path) -> Result<()> {
        let Moments { mean, covariance } = self.statistics.moments()?;
        let tensors =
            BTreeMap::from([(MEAN.to_owned(), mean), (COVARIANCE.to_owned(), covariance)]);
        let images = self.statistics.images.ok_or_else(|| {
            Error::Features("statistics of an unknown number of images are not kept".to_owned())
        })?;
        let images = images.to_string();
        let entries = [
            ("foil.kind", KIND),
            ("foil.images", &images),
            ("foil.network", &self.network.name),
            ("foil.network-fingerprint", &self.network.fingerprint),
            ("foil.precision", &self.precision),
            ("foil.data", &self.data.name),
            ("foil.data-fingerprint", &self.data.fingerprint),
        ];
        let metadata = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let weights = Weights::new(path.display().to_string(), tensors);
        Ok(write(path, &weights, metadata.into())?)
    }

    /// Reads what [`Self::save`] wrote.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(&SourceFile::open(path)?)
    }

    /// The same of a file that is open, or part of the program.
    pub fn of(file: &Arc<SourceFile>) -> Result<Self> {
        let path = file.path();
        let Safetensors { weights, metadata } = Safetensors::of(file)?;
        let entries = Entries { path, metadata };
        let kind = entries.metadata.get("foil.kind");
        if kind.is_none_or(|kind| kind != KIND) {
            let problem = "no statistics of images; `foil evaluate reference` makes such a file";
            return Err(entries.wrong(problem));
        }
        let images = entries.text("foil.images")?;
        let images = images.parse().ok().filter(|&images| images >= 2);
        if images.is_none() {
            return Err(entries.wrong("'foil.images' is no number of at least 2"));
        }
        let features = weights.get(MEAN)?.count();
        let expected = [
            (MEAN.to_owned(), vec![features]),
            (COVARIANCE.to_owned(), vec![features, features]),
        ];
        weights.check(&expected)?;
        let statistics = Statistics {
            images,
            mean: entries.doubles(MEAN, weights.get(MEAN)?)?,
            covariance: entries.doubles(COVARIANCE, weights.get(COVARIANCE)?)?,
        };
        if !is_symmetric(&statistics.covariance, features) {
            return Err(entries.wrong("the covariance is not symmetric"));
        }
        let named = |name: &str, fingerprint: &str| -> Result<Named> {
            Ok(Named {
                name: entries.text(name)?,
                fingerprint: entries.text(fingerprint)?,
            })
        };
        Ok(Self {
            statistics,
            network: named("foil.network", "foil.network-fingerprint")?,
            precision: entries.text("foil.precision")?,
            data: named("foil.data", "foil.data-fingerprint")?,
        })
    }
}

fn is_symmetric(matrix: &[f64], width: usize) -> bool {
    let rows = matrix.chunks_exact(width).enumerate();
    rows.flat_map(|(row, numbers)| numbers[..row].iter().enumerate().map(move |at| (row, at)))
        .all(|(row, (column, &number))| number.total_cmp(&matrix[column * width + row]).is_eq())
}

/// What a file says of itself.
struct Entries<'a> {
    path: &'a Path,
    metadata: HashMap<String, String>,
}

impl Entries<'_> {
    fn text(&self, key: &str) -> Result<String> {
        let text = self.metadata.get(key).cloned();
        text.ok_or_else(|| self.wrong(&format!("statistics without '{key}'")))
    }

    /// Numbers with which something can be computed.
    fn doubles(&self, name: &str, tensor: &StoredTensor) -> Result<Vec<f64>> {
        if tensor.dtype() != DType::F64 {
            let problem = format!("{name} is {:?}, expected F64", tensor.dtype());
            return Err(self.wrong(&problem));
        }
        let numbers = tensor.double_numbers()?;
        if numbers.is_empty() || numbers.iter().any(|number| !number.is_finite()) {
            return Err(self.wrong(&format!("{name} must be finite numbers")));
        }
        Ok(numbers)
    }

    fn wrong(&self, problem: &str) -> Error {
        Error::Foreign {
            path: self.path.to_owned(),
            problem: problem.to_owned(),
        }
    }
}
