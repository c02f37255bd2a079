//! Networks by whatever name they were called.

use std::{path::Path, sync::Arc};

use anyhow::{Result, bail, ensure};
use foil_models::{
    SourceFile, bundled,
    checkpoint::{Contents, Role, Snapshot},
    edm2::Config,
};
use ring::digest::{Context as Digest, SHA256};

use crate::files::Files;

/// An EDM2 network's file, of which the weights have not been read.
pub struct NetworkFile {
    pub snapshot: Snapshot,
    pub fingerprint: String,
}

impl NetworkFile {
    /// Finds or fetches it, and reads its description.
    pub fn open(name: &str, files: &Files) -> Result<Self> {
        Self::read(name, &files.one(name)?)
    }

    /// Reads the description of a file that is there, and was called `name`.
    pub fn read(name: &str, file: &Arc<SourceFile>) -> Result<Self> {
        let Contents::Edm2(snapshot) = Contents::of(file)? else {
            bail!("{name} is no EDM2 network; `foil inspect` shows what it is");
        };
        Ok(Self {
            snapshot: *snapshot,
            fingerprint: fingerprint(file)?,
        })
    }

    /// The network's description.
    pub fn config(&self) -> &Config {
        &self.snapshot.config
    }
}

/// The file of a classifier that guides.
pub struct ClassifierFile {
    pub snapshot: Snapshot,
    pub fingerprint: String,
}

impl ClassifierFile {
    /// Finds or fetches it, reads its description, and checks that it can guide a network.
    pub fn open(name: &str, main: &Config, files: &Files) -> Result<Self> {
        let file = files.one(name)?;
        let Contents::Classifier(snapshot) = Contents::of(&file)? else {
            bail!("{name} is no classifier; `foil inspect` shows what it is");
        };
        ensure!(
            snapshot.role == Role::NoisyClassifier,
            "{name} is a classifier of clean images; one of noisy images guides"
        );
        let shape = |config: &Config| [config.channels, config.resolution, config.resolution];
        let (own, wanted) = (shape(&snapshot.config), shape(main));
        ensure!(
            own == wanted,
            "{name} sees images {own:?} (channels, height, width), the main network makes {wanted:?}"
        );
        let (classes, known) = (snapshot.config.labels, main.labels);
        ensure!(
            known == 0 || classes == known,
            "{name} tells {classes} classes, the main network knows {known}"
        );
        Ok(Self {
            snapshot: *snapshot,
            fingerprint: fingerprint(&file)?,
        })
    }
}

/// A file by its path, or a bundled network by its name.
pub fn file(path: &Path) -> Result<Arc<SourceFile>> {
    let bundled = path.to_str().and_then(bundled::file);
    match bundled.filter(|_| !path.is_file()) {
        Some(file) => Ok(file),
        None => Ok(SourceFile::open(path)?),
    }
}

/// Tells files apart without reading all of them: of the length, the first and the last megabyte.
pub fn fingerprint(file: &SourceFile) -> Result<String> {
    const PART: u64 = 1 << 20;
    let length = file.length();
    let mut digest = Digest::new(&SHA256);
    digest.update(&length.to_le_bytes());
    for start in [0, length.saturating_sub(PART)] {
        digest.update(&file.part(start..length.min(start + PART))?);
    }
    let digest = digest.finish();
    let start = digest.as_ref().iter().take(8);
    let number = start.fold(0, |number, &byte| number << 8 | u64::from(byte));
    Ok(format!("{number:016x}"))
}
