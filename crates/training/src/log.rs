//! What a run says on the way: a line of `stats.jsonl` for each status, and the same once more for TensorBoard.
//!
//! The lines are the truth. TensorBoard's file is made anew from them whenever a run begins or continues, so that what was said
//! after the state that is continued is in neither.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Error, Result, Status, tensorboard};

/// What the lines are in.
pub(crate) const STATS: &str = "stats.jsonl";
/// TensorBoard looks for `tfevents` in names.
const EVENTS: &str = "stats.tfevents";

/// The files of one run.
#[derive(Debug)]
pub(crate) struct Log {
    stats: PathBuf,
    events: PathBuf,
    /// Seconds since 1970 at which a run without interruptions would have begun.
    began: f64,
}

impl Log {
    /// Of a run in this folder, which has taken so many seconds and seen so many images: what was said after them is forgotten.
    pub(crate) fn open(folder: &Path, elapsed: f64, images_seen: u64) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let log = Self {
            stats: folder.join(STATS),
            events: folder.join(EVENTS),
            began: now.map_or(0.0, |now| now.as_secs_f64()) - elapsed,
        };
        let history = history(folder)?;
        let kept = history.iter().filter(|status| status.images <= images_seen);
        let kept: Vec<&Status> = kept.collect();
        if log.stats.exists() {
            let lines = kept.iter().map(|status| line(status));
            let lines: Vec<String> = lines.collect::<Result<_>>()?;
            foil_files::write(&log.stats, lines.concat().as_bytes())?;
        }
        let mut events = tensorboard::beginning(log.began);
        for status in kept {
            events.extend(tensorboard::record(status, log.began));
        }
        foil_files::write(&log.events, &events)?;
        Ok(log)
    }

    /// Adds to both.
    pub(crate) fn say(&self, status: &Status) -> Result<()> {
        append(&self.stats, line(status)?.as_bytes())?;
        append(&self.events, &tensorboard::record(status, self.began))
    }
}

/// What a run in a folder has said. A line that was cut short is left out.
pub(crate) fn history(folder: &Path) -> Result<Vec<Status>> {
    let path = folder.join(STATS);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let bytes = foil_files::read(&path, u64::MAX)?;
    let text = String::from_utf8_lossy(&bytes);
    let statuses = text.lines().map(serde_json::from_str);
    Ok(statuses.filter_map(std::result::Result::ok).collect())
}

fn line(status: &Status) -> Result<String> {
    let line = serde_json::to_string(status);
    let line = line.map_err(|error| Error::Settings(error.to_string()))?;
    Ok(line + "\n")
}

fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let file = File::options().create(true).append(true).open(path);
    file.map_err(failed)?.write_all(bytes).map_err(failed)
}
