//! What an image says of how it was made, and where it lies.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{image::Note, settings::Settings};

/// How one image was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Record {
    pub seed: u64,
    /// The class it was made with, if the network knows classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_class: Option<u32>,
    /// Of the files of weights, in the order model, guide, autoencoder.
    pub fingerprints: Vec<String>,
    pub settings: Settings,
}

impl Note for Record {
    const KEYWORD: &str = "foil";
    const ORIGIN: &str = "image made by `foil sample`";
}

/// `OUT/000012.png`, or `OUT/000000/000012.png` in folders of a thousand.
pub fn path_of(folder: &Path, seed: u64, subfolders: bool) -> PathBuf {
    let name = format!("{seed:06}.png");
    if subfolders {
        folder.join(format!("{:06}", seed / 1000 * 1000)).join(name)
    } else {
        folder.join(name)
    }
}

/// The images of a folder that lie where [`path_of`] says, in the order of their seeds.
pub fn images_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            let inner = entries(&path)?.into_iter();
            found.extend(inner.filter_map(|path| Some((seed_of(folder, &path)?, path))));
        } else if let Some(seed) = seed_of(folder, &path) {
            found.push((seed, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn seed_of(folder: &Path, path: &Path) -> Option<u64> {
    let seed = path.file_stem()?.to_str()?.parse().ok()?;
    let places = [false, true].map(|subfolders| path_of(folder, seed, subfolders));
    places.iter().any(|place| place == path).then_some(seed)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let described = || format!("cannot read {}", folder.display());
    let entries = folder.read_dir().with_context(described)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths
        .collect::<std::io::Result<_>>()
        .with_context(described)
}
