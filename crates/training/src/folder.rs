//! A run's folder: its settings, its state, its snapshots and what it said on the way.
//!
//! Every file is written beside its place and renamed, the state after the snapshots that belong to it. Whoever is killed
//! leaves a folder that the same command continues.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use candle_core::DType;
use foil_models::{StoredTensor, Weights, checkpoint};

use crate::{
    Error, Layout, Result, Settings, State, Status,
    log::{self, Log, STATS},
    tally::Tally,
};

const KIND: &str = "training-state";
const CONFIG: &str = "config.toml";
const STATE: &str = "state.safetensors";
const SNAPSHOTS: &str = "snapshots";
/// Pictures, which the observer of a run may draw.
const SAMPLES: &str = "samples";

/// The folder of a run, which no other process writes to as long as this lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens or makes it. What is there and is no run is refused and stays as it is.
    pub fn open(path: &Path) -> Result<Self> {
        if Self::settings_in(path)?.is_none() {
            refuse_remains(path)?;
        }
        foil_files::check_writable(&path.join(SNAPSHOTS))?;
        let file = path.join(".lock");
        let failed = |source| Error::File {
            path: file.clone(),
            source,
        };
        let lock = File::create(&file).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Foreign {
                    path: path.to_owned(),
                    problem: "another process is training in this folder".into(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        for folder in [path, &path.join(SNAPSHOTS), &path.join(SAMPLES)] {
            foil_files::remove_unfinished(folder)?;
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings that a run here began with, if there is one.
    pub fn settings(&self) -> Result<Option<Settings>> {
        Self::settings_in(&self.path)
    }

    /// The same, of a folder that may not be there.
    pub fn settings_in(folder: &Path) -> Result<Option<Settings>> {
        let path = folder.join(CONFIG);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = foil_files::read(&path, 1 << 20)?;
        let text = String::from_utf8_lossy(&bytes);
        let settings = Settings::from_toml(&text).map_err(|error| Error::Foreign {
            path,
            problem: error.to_string(),
        })?;
        Ok(Some(settings))
    }

    /// Writes the settings.
    pub fn keep_settings(&self, settings: &Settings) -> Result<()> {
        let text = settings.to_toml()?;
        Ok(foil_files::write(&self.path.join(CONFIG), text.as_bytes())?)
    }

    /// The file of an average at a time.
    pub fn snapshot(&self, images: u64, std: f64) -> PathBuf {
        let name = format!("network-{images:010}-{std:.3}.safetensors");
        self.path.join(SNAPSHOTS).join(name)
    }

    /// Removes all snapshots but the latest.
    pub(crate) fn keep_latest(&self, count: usize) -> Result<()> {
        let folder = self.path.join(SNAPSHOTS);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { path, source }
        };
        let mut times: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).map_err(failed(&folder))? {
            let path = entry.map_err(failed(&folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let time = name.and_then(|name| name.strip_prefix("network-")?.split('-').next());
            if let Some(time) = time {
                times.entry(time.to_owned()).or_default().push(path);
            }
        }
        let old = times.len().saturating_sub(count);
        for path in times.into_values().take(old).flatten() {
            std::fs::remove_file(&path).map_err(failed(&path))?;
        }
        Ok(())
    }

    fn state_file(&self) -> PathBuf {
        self.path.join(STATE)
    }

    /// Writes all that is needed to continue.
    pub(crate) fn save_state(&self, state: &State, tally: &Tally) -> Result<()> {
        let mut tensors = BTreeMap::new();
        let parts = [
            ("weights", &state.weights),
            ("fixed", &state.fixed),
            ("first-moment", &state.first),
            ("second-moment", &state.second),
        ];
        for (name, numbers) in parts {
            tensors.insert(name.to_owned(), stored(numbers)?);
        }
        for (index, average) in state.averages.iter().enumerate() {
            tensors.insert(format!("average-{index}"), stored(&average.values)?);
        }
        let tally = serde_json::to_string(tally);
        let tally = tally.map_err(|error| Error::Settings(error.to_string()))?;
        let metadata = [
            ("format", "foil".to_owned()),
            ("version", "1".to_owned()),
            ("kind", KIND.to_owned()),
            ("images-seen", state.images_seen.to_string()),
            ("steps", state.steps.to_string()),
            ("zeroed", state.zeroed.to_string()),
            ("elapsed", state.elapsed.as_secs_f64().to_string()),
            ("tally", tally),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
        let path = self.state_file();
        let weights = Weights::new(path.display().to_string(), tensors);
        Ok(checkpoint::write(&path, &weights, metadata.into())?)
    }

    /// The saved state, in a run with this layout and these averages.
    pub(crate) fn state(&self, fresh: State) -> Result<(State, Tally)> {
        let path = self.state_file();
        if !path.exists() {
            return Ok((fresh, Tally::default()));
        }
        let file = checkpoint::Safetensors::open(&path)?;
        let saved = Saved { path, file };
        saved.check_kind()?;
        let layout: &Layout = fresh.layout();
        let (trained, fixed) = (layout.trained(), layout.fixed());
        let mut averages = fresh.averages.clone();
        for (index, average) in averages.iter_mut().enumerate() {
            average.values = saved.numbers(&format!("average-{index}"), trained)?;
        }
        let elapsed: f64 = saved.entry("elapsed")?;
        let elapsed = Duration::try_from_secs_f64(elapsed);
        let tally = serde_json::from_str(saved.text("tally")?);
        let state = State {
            images_seen: saved.entry("images-seen")?,
            steps: saved.entry("steps")?,
            zeroed: saved.entry("zeroed")?,
            elapsed: elapsed.map_err(|error| saved.foreign(error.to_string()))?,
            weights: saved.numbers("weights", trained)?,
            fixed: saved.numbers("fixed", fixed)?,
            first: saved.numbers("first-moment", trained)?,
            second: saved.numbers("second-moment", trained)?,
            averages,
            ..fresh
        };
        let tally = tally.map_err(|error| saved.foreign(error.to_string()))?;
        Ok((state, tally))
    }

    /// What a run in a folder has said so far, if there is one.
    pub fn history(folder: &Path) -> Result<Vec<Status>> {
        log::history(folder)
    }

    /// Where it says how it goes.
    pub(crate) fn log(&self, state: &State) -> Result<Log> {
        let elapsed = state.elapsed.as_secs_f64();
        Log::open(&self.path, elapsed, state.images_seen)
    }
}

/// Refuses a folder without settings in which files of a run would be overwritten or forgotten.
fn refuse_remains(folder: &Path) -> Result<()> {
    let visible = |entry: std::fs::DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
    let snapshots = std::fs::read_dir(folder.join(SNAPSHOTS));
    let remains = if snapshots.is_ok_and(|entries| entries.flatten().any(visible)) {
        Some(SNAPSHOTS)
    } else {
        let mut files = [STATE, STATS].into_iter();
        files.find(|name| folder.join(name).exists())
    };
    match remains {
        None => Ok(()),
        Some(name) => Err(Error::Foreign {
            path: folder.to_owned(),
            problem: format!("it has {name} but no {CONFIG}: no run's folder; choose another"),
        }),
    }
}

fn stored(numbers: &[f32]) -> Result<StoredTensor> {
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
    Ok(StoredTensor::in_memory(
        DType::F32,
        &[numbers.len()],
        bytes.collect(),
    )?)
}

/// A state file that has been opened.
struct Saved {
    path: PathBuf,
    file: checkpoint::Safetensors,
}

impl Saved {
    fn foreign(&self, problem: String) -> Error {
        Error::Foreign {
            path: self.path.clone(),
            problem,
        }
    }

    fn text(&self, key: &str) -> Result<&str> {
        let text = self.file.metadata.get(key);
        text.map(String::as_str)
            .ok_or_else(|| self.foreign(format!("a training state without '{key}'")))
    }

    fn entry<T: std::str::FromStr>(&self, key: &str) -> Result<T> {
        let text = self.text(key)?;
        text.parse()
            .map_err(|_| self.foreign(format!("'{key}' cannot be '{text}'")))
    }

    fn check_kind(&self) -> Result<()> {
        let (kind, version) = (self.text("kind")?, self.text("version")?);
        if (kind, version) == (KIND, "1") {
            return Ok(());
        }
        Err(self.foreign(format!(
            "a {kind} of version {version}, not a {KIND} of version 1"
        )))
    }

    fn numbers(&self, name: &str, count: usize) -> Result<Vec<f32>> {
        let tensor = self.file.weights.get(name)?;
        if tensor.shape() != [count] || tensor.dtype() != DType::F32 {
            return Err(self.foreign(format!(
                "{name} is {:?} {:?}, expected F32 [{count}]",
                tensor.dtype(),
                tensor.shape()
            )));
        }
        Ok(tensor.numbers()?)
    }
}
