//! What an image says of how it was made, and where it lies.

use std::path::{Path, PathBuf};

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
