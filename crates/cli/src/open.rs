//! Networks by whatever name they were called.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use anyhow::{Context, Result, bail};
use foil_models::{
    Encoder, Weights,
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
    pub fn read(name: &str, path: &Path) -> Result<Self> {
        let Contents::Edm2(snapshot) = Contents::open(path)? else {
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
            fingerprint: fingerprint(path)?,
        })
    }
}

/// Tells files apart without reading all of them: of the length, the first and the last megabyte.
pub fn fingerprint(path: &Path) -> Result<String> {
    let described = || format!("cannot read {}", path.display());
    let digest = ends(path).with_context(described)?.finish();
    let start = digest.as_ref().iter().take(8);
    let number = start.fold(0, |number, &byte| number << 8 | u64::from(byte));
    Ok(format!("{number:016x}"))
}

fn ends(path: &Path) -> std::io::Result<Digest> {
    const PART: u64 = 1 << 20;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut digest = Digest::new(&SHA256);
    digest.update(&length.to_le_bytes());
    for start in [0, length.saturating_sub(PART)] {
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.by_ref().take(PART).read_to_end(&mut bytes)?;
        digest.update(&bytes);
    }
    Ok(digest)
}
