//! One file, continued where an earlier attempt stopped, checked and only then given its name.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    path::PathBuf,
    time::Duration,
};

use crate::{
    Address, Error, Event, Observer, Result,
    client::{Client, Kept, Reply},
    digest,
    error::at,
    event::tell,
    place::{Place, with_ending},
};

/// No file of weights is larger; an answer that is must be a mistake.
pub(crate) const LARGEST: u64 = 50_000_000_000;
/// Attempts without a single byte after which a broken connection is an error.
const ATTEMPTS: u32 = 4;
/// Between attempts, times their number.
const PAUSE: Duration = Duration::from_millis(250);

/// What is to be fetched.
pub(crate) struct Download<'a> {
    pub client: &'a Client,
    pub address: &'a Address,
    pub place: &'a Place,
    /// Bytes of the file, where known beforehand.
    pub length: Option<u64>,
    /// Of the file, where known beforehand. A part is then continued without asking which version it is of: the end tells.
    pub sha256: Option<&'a str>,
}

/// Why an attempt ended.
enum End {
    /// The file is whole.
    Whole,
    /// The connection broke, and whether bytes had arrived.
    Broken { problem: String, progress: bool },
    /// What was kept is of no use, and has been thrown away.
    Useless,
}

impl Download<'_> {
    /// Fetches, checks, and gives the file its name. The caller holds the lock.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<()> {
        let continued = self.kept()?.is_some();
        self.receive_all(observer)?;
        match self.finish(observer) {
            // What was kept may have been another version, or another program's with holes in it.
            Err(Error::Damaged { .. }) if continued => {
                tell(observer, Event::Changed)?;
                self.receive_all(observer)?;
                self.finish(observer)
            }
            finished => finished,
        }
    }

    /// Until the part is whole.
    fn receive_all(&self, observer: &mut dyn Observer) -> Result<()> {
        let mut failures = 0;
        loop {
            let end = match self.attempt(observer) {
                Err(Error::Unreachable { problem, .. }) if failures > 0 => End::Broken {
                    problem,
                    progress: false,
                },
                end => end?,
            };
            match end {
                End::Whole => return Ok(()),
                End::Useless => tell(observer, Event::Changed)?,
                End::Broken { problem, progress } => {
                    failures = if progress { 1 } else { failures + 1 };
                    if failures > ATTEMPTS {
                        return Err(self.damaged(format!(
                            "the connection broke, {problem}; the same command continues where it stopped"
                        )));
                    }
                    let problem = &problem;
                    tell(observer, Event::Broken { problem })?;
                    std::thread::sleep(PAUSE * (failures - 1));
                }
            }
        }
    }

    fn attempt(&self, observer: &mut dyn Observer) -> Result<End> {
        let kept = self.kept()?;
        if let Some(kept) = &kept
            && self.length == Some(kept.bytes)
        {
            return Ok(End::Whole);
        }
        let reply = self.client.content(self.address, kept.as_ref())?;
        let kept = kept.map_or(0, |kept| kept.bytes);
        let (start, total) = match (reply.status, reply.range()) {
            (200, _) => (0, reply.number("content-length")),
            (206, Some((first, total))) if first == kept => (kept, total),
            (416, _) if kept > 0 && self.length.is_none() && reply.exhausted() == Some(kept) => {
                return Ok(End::Whole);
            }
            // The file is now shorter, or the server counts differently: once more from the beginning.
            (206 | 416, _) if kept > 0 => {
                fs::remove_file(&self.place.part).map_err(at(&self.place.part))?;
                return Ok(End::Useless);
            }
            (status, _) => {
                return Err(self.damaged(format!("an answer without the file ({status})")));
            }
        };
        let total = self.agreed(total)?;
        if start < kept {
            tell(observer, Event::Changed)?;
        }
        self.remember(&reply)?;
        tell(
            observer,
            Event::Started {
                address: &self.address.to_string(),
                kept: start,
                total,
            },
        )?;
        self.receive(reply, start, total, observer)
    }

    /// What an earlier attempt left, if it can be continued.
    fn kept(&self) -> Result<Option<Kept>> {
        let part = &self.place.part;
        let bytes = match fs::metadata(part) {
            Ok(about) => about.len(),
            Err(problem) if problem.kind() == ErrorKind::NotFound => 0,
            Err(problem) => return Err(at(part)(problem)),
        };
        let validator = fs::read_to_string(self.validator_path()).ok();
        let usable = bytes > 0 && (self.sha256.is_some() || validator.is_some());
        Ok(usable.then_some(Kept {
            bytes,
            validator: validator.filter(|_| self.sha256.is_none()),
        }))
    }

    fn validator_path(&self) -> PathBuf {
        with_ending(&self.place.part, ".version")
    }

    /// Writes down which version of the file the part belongs to, before a byte of it is written.
    fn remember(&self, reply: &Reply) -> Result<()> {
        let path = self.validator_path();
        match reply.validator() {
            _ if self.sha256.is_some() => Ok(()),
            Some(validator) => fs::write(&path, validator).map_err(at(&path)),
            None => self.forget(),
        }
    }

    fn forget(&self) -> Result<()> {
        let path = self.validator_path();
        match fs::remove_file(&path) {
            Err(problem) if problem.kind() != ErrorKind::NotFound => Err(at(&path)(problem)),
            _ => Ok(()),
        }
    }

    /// The size of the whole file, if server and expectation do not contradict each other.
    fn agreed(&self, total: Option<u64>) -> Result<Option<u64>> {
        let total = match (self.length, total) {
            (Some(expected), Some(total)) if expected != total => {
                return Err(self.damaged(format!("{total} bytes where {expected} were announced")));
            }
            (expected, total) => expected.or(total),
        };
        match total {
            Some(bytes) if bytes > LARGEST => Err(self.too_large(bytes)),
            total => Ok(total),
        }
    }

    fn receive(
        &self,
        reply: Reply,
        start: u64,
        total: Option<u64>,
        observer: &mut dyn Observer,
    ) -> Result<End> {
        let part = &self.place.part;
        let mut file = open(part, start).map_err(at(part))?;
        let mut body = reply.body.into_reader();
        let mut buffer = vec![0; 1 << 18];
        let mut bytes = start;
        loop {
            let problem = match body.read(&mut buffer) {
                Ok(0) if total.is_none_or(|total| total == bytes) => {
                    file.sync_all().map_err(at(part))?;
                    return Ok(End::Whole);
                }
                Ok(0) => "it ended too early".to_owned(),
                Ok(count) => {
                    bytes += count as u64;
                    self.expect_at_most(bytes, total)?;
                    file.write_all(&buffer[..count])
                        .map_err(|problem| self.unwritten(problem, total.map(|all| all - bytes)))?;
                    tell(observer, Event::Received { bytes })?;
                    continue;
                }
                Err(problem) if problem.kind() == ErrorKind::Interrupted => continue,
                Err(problem) => problem.to_string(),
            };
            let progress = bytes > start;
            return Ok(End::Broken { problem, progress });
        }
    }

    fn expect_at_most(&self, bytes: u64, total: Option<u64>) -> Result<()> {
        match total {
            Some(total) if bytes > total => {
                Err(self.damaged(format!("more than the {total} bytes that were announced")))
            }
            None if bytes > LARGEST => Err(self.too_large(bytes)),
            _ => Ok(()),
        }
    }

    fn finish(&self, observer: &mut dyn Observer) -> Result<()> {
        let Place { part, target, .. } = self.place;
        let bytes = fs::metadata(part).map_err(at(part))?.len();
        if let Some(expected) = self.sha256 {
            let found = digest::of_file(part).map_err(at(part))?;
            if found != expected {
                fs::remove_file(part).map_err(at(part))?;
                return Err(self.damaged(format!(
                    "what arrived has the SHA-256 {found} instead of {expected}, and has been removed"
                )));
            }
        }
        fs::rename(part, target).map_err(at(target))?;
        self.forget()?;
        tell(observer, Event::Finished { bytes })
    }

    fn unwritten(&self, problem: io::Error, missing: Option<u64>) -> Error {
        match problem.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Full {
                path: self.place.part.clone(),
                missing,
            },
            _ => at(&self.place.part)(problem),
        }
    }

    fn damaged(&self, problem: String) -> Error {
        Error::Damaged {
            address: self.address.to_string(),
            problem,
        }
    }

    fn too_large(&self, bytes: u64) -> Error {
        Error::TooLarge {
            address: self.address.to_string(),
            bytes,
        }
    }
}

/// The part file with its first `length` bytes, at their end.
fn open(path: &std::path::Path, length: u64) -> io::Result<File> {
    use io::{Seek, SeekFrom};
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length))?;
    Ok(file)
}
