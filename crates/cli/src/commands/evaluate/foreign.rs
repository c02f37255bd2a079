//! What other programs call features, and the files in which they keep their moments.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use foil_evaluation::Statistics;
use foil_models::checkpoint;

/// The metrics under which other programs keep the moments of a network's features, and of those that keep places; none of
/// networks that they do not know.
pub fn metrics(network: &str) -> Option<[&'static str; 2]> {
    match network {
        "inception" => Some(["fid", "sfid"]),
        "dinov2" => Some(["fd_dinov2", ""]),
        _ => None,
    }
}

/// How other programs keep statistics, by the ending of a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// EDM2's.
    Pickle,
    /// ADM's.
    Arrays,
}

impl Form {
    /// Of a file that is to be written; none of Foil's own, which says what it is of.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending {
            Some("pkl") => Some(Self::Pickle),
            Some("npz") => Some(Self::Arrays),
            _ => None,
        }
    }

    /// The metrics under which a network's moments come into a file of this form, if they can.
    pub fn metrics(self, path: &Path, network: &str) -> Result<[&'static str; 2]> {
        let known = metrics(network);
        let (found, held) = match self {
            // They have no place for the second.
            Self::Pickle => (known.map(|[first, _]| [first, ""]), "inception and dinov2"),
            Self::Arrays => (known.filter(|&[first, _]| first == "fid"), "inception"),
        };
        found.with_context(|| {
            format!(
                "{} can hold features of {held} only, not of {network}; a name that ends in .safetensors can be of any",
                path.display()
            )
        })
    }

    /// Writes moments under these metrics.
    pub fn write(self, path: &Path, moments: [(&str, Option<&Statistics>); 2]) -> Result<()> {
        let mut metrics = BTreeMap::new();
        let mut images = None;
        for (name, statistics) in moments {
            if let Some(statistics) = statistics {
                metrics.insert(name.to_owned(), statistics.moments()?);
                images = statistics.images;
            }
        }
        let statistics = checkpoint::Statistics { images, metrics };
        match self {
            Self::Pickle => statistics.write_pickle(path)?,
            Self::Arrays => statistics.write_arrays(path)?,
        }
        Ok(())
    }
}
