//! Where a file is kept, where it grows, and how two processes keep out of each other's way.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Address, Error, Event, Observer, Result, digest, error::at, event::tell};

/// One file of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The whole file.
    pub target: PathBuf,
    /// What has arrived.
    pub part: PathBuf,
    /// Locked by whoever fetches it. It stays: removing it would let two processes lock two files of one name.
    pub lock: PathBuf,
}

impl Place {
    /// Of a plain address: folders named after the server and its own, so that a file can be put there by hand.
    pub fn of_address(cache: &Path, address: &Address) -> Result<Self> {
        let refuse = || Error::Address {
            text: address.to_string(),
            problem: "names a folder, not a file".to_owned(),
        };
        let (folders, file) = address.path().rsplit_once('/').ok_or_else(refuse)?;
        if file.is_empty() {
            return Err(refuse());
        }
        let folders = folders.split('/').filter(|folder| !folder.is_empty());
        let mut relative: PathBuf = std::iter::once(address.authority())
            .chain(folders)
            .map(safe)
            .collect();
        relative.push(match address.query() {
            Some(query) => safe(&format!("{}-{file}", &digest::of_text(query)[..8])),
            None => safe(file),
        });
        let target = cache.join(&relative);
        Ok(Self {
            part: with_ending(&target, ".part"),
            lock: with_ending(&cache.join(".locks").join(&relative), ".lock"),
            target,
        })
    }

    /// Waits until no other process fetches the file, and keeps others waiting until the result is dropped.
    pub fn lock(&self, address: &Address, observer: &mut dyn Observer) -> Result<File> {
        const PAUSE: Duration = Duration::from_millis(200);
        for path in [&self.target, &self.lock] {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(at(folder))?;
            }
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.lock)
            .map_err(at(&self.lock))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {
                    let address = &address.to_string();
                    tell(observer, Event::Waiting { address })?;
                    std::thread::sleep(PAUSE);
                }
                // A disk without locks: two processes at once are then the user's own risk.
                Err(TryLockError::Error(problem))
                    if problem.kind() == std::io::ErrorKind::Unsupported =>
                {
                    return Ok(file);
                }
                Err(TryLockError::Error(source)) => return Err(at(&self.lock)(source)),
            }
        }
    }
}

/// The same path with something at the end of its name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A part of an address as the name of a file: itself where it has only harmless characters, else told apart by a digest.
fn safe(part: &str) -> String {
    const LONGEST: usize = 120;
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "._-+=,@".contains(letter);
    if part.chars().all(harmless) && !part.starts_with('.') && part.len() <= LONGEST {
        return part.to_owned();
    }
    let kept: String = part
        .trim_start_matches('.')
        .chars()
        .map(|letter| if harmless(letter) { letter } else { '_' })
        .take(LONGEST - 9)
        .collect();
    format!("{}-{kept}", &digest::of_text(part)[..8])
}
