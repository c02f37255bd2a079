//! Networks by whatever name they were called.

use std::{path::Path, sync::Arc};

use anyhow::{Result, bail};
use foil_models::{
    Encoder, SourceFile, Weights, bundled,
    checkpoint::{Contents, Snapshot},
    edm2::Config,
};
use ring::digest::{Context as Digest, SHA256};

use crate::files::Files;

/// An EDM2 network's file, of which the weights have not been read.
pub struct NetworkFile {
    pub config: Config,
    pub encoder: Encoder,
    pub weights: Weights,
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
        let Snapshot {
            config,
            encoder,
            weights,
            ..
        } = *snapshot;
        Ok(Self {
            config,
            encoder,
            weights,
            fingerprint: fingerprint(file)?,
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
