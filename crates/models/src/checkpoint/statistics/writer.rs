//! Writing statistics for other programs.

use std::{io::Write, path::Path};

use candle_core::DType;
use foil_files::FileError;

use super::{
    super::{numpy, pickle::Writer},
    ARCHIVED, Moments, PICKLED, Statistics,
};
use crate::{Error, Result, StoredTensor};

impl Statistics {
    /// Writes the file that EDM2's programs read: a pickle of `{num_images, fid: {mu, sigma}, fd_dinov2: {mu, sigma}}`, in double
    /// precision, for which numpy is enough. Other metrics, or an unknown number of images, are errors.
    pub fn write_pickle(&self, path: &Path) -> Result<()> {
        self.check(path, &PICKLED)?;
        let images = self.images.ok_or_else(|| Error::Foreign {
            path: path.to_owned(),
            problem:
                "a pickle of statistics says how many images they are of, and that is not known"
                    .to_owned(),
        })?;
        let mut pickle = Writer::new();
        pickle.begin_dictionary();
        pickle.text("num_images");
        pickle.number(images);
        for name in PICKLED {
            let Some(Moments { mean, covariance }) = self.metrics.get(name) else {
                continue;
            };
            pickle.text(name);
            pickle.begin_dictionary();
            for (part, array) in [("mu", mean), ("sigma", covariance)] {
                pickle.text(part);
                pickle.array(array.shape(), &doubles(array)?);
            }
            pickle.end_dictionary();
        }
        pickle.end_dictionary();
        let pickle = pickle.finish();
        foil_files::write_with(path, |out| {
            let written = out.write_all(&pickle);
            Ok(written.map_err(FileError::writing(path))?)
        })
    }

    /// Writes the archive that ADM's program reads: `mu` and `sigma` of `fid`, and of `sfid`, if it is there, `mu_s` and `sigma_s`. Other
    /// metrics are errors.
    pub fn write_arrays(&self, path: &Path) -> Result<()> {
        self.check(path, &ARCHIVED.map(|(name, _)| name))?;
        let mut arrays = Vec::new();
        for (name, [mean_name, covariance_name]) in ARCHIVED {
            if let Some(Moments { mean, covariance }) = self.metrics.get(name) {
                arrays.extend([(mean_name, mean), (covariance_name, covariance)]);
            }
        }
        foil_files::write_with(path, |out| {
            numpy::write(out, path, arrays.len(), |place| {
                let (name, array) = arrays[place];
                Ok((name, array.shape().to_vec(), doubles(array)?))
            })
        })
    }

    fn check(&self, path: &Path, known: &[&str]) -> Result<()> {
        let unknown = self
            .metrics
            .keys()
            .find(|name| !known.contains(&name.as_str()));
        let problem = match unknown {
            Some(name) => format!("such a file holds {}, not {name}", known.join(" and ")),
            None if self.metrics.is_empty() => "statistics of nothing".to_owned(),
            None => return Ok(()),
        };
        Err(Error::Foreign {
            path: path.to_owned(),
            problem,
        })
    }
}

/// Little-endian bytes in double precision.
fn doubles(tensor: &StoredTensor) -> Result<Vec<u8>> {
    if tensor.dtype() == DType::F64 {
        return tensor.with_bytes(<[u8]>::to_vec);
    }
    let numbers = tensor.double_numbers()?.into_iter();
    Ok(numbers.flat_map(f64::to_le_bytes).collect())
}
