//! The snapshots of one run in their folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use foil_models::{
    StoredTensor,
    checkpoint::{Contents, Role, Snapshot},
    edm2::Plan,
};

use super::{Error, Result};
use crate::ema::PowerFunction;

/// Where `foil train` keeps its snapshots.
const SUBFOLDER: &str = "snapshots";
/// What results say of their origin; they must not be taken for snapshots.
pub(super) const ORIGIN: &str = "post-hoc EMA of ";

/// One average of one moment.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    pub(super) snapshot: Snapshot,
    pub(super) images: u64,
    pub(super) length: f64,
    pub(super) average: PowerFunction,
}

/// All snapshots of a run, whose tensors stay in their files.
#[derive(Debug)]
pub struct Run {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    /// By time, then by length.
    pub(super) stored: Vec<Stored>,
}

/// A moment of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Of the last snapshot.
    Latest,
    /// After so many thousand images, rounded down as in the files' names.
    Thousands(u64),
}

impl Run {
    /// Opens every snapshot of a folder, or of its folder `snapshots` if it has one. Snapshots of time zero are passed over: no
    /// average has begun there.
    pub fn open(path: &Path) -> Result<Self> {
        let inner = path.join(SUBFOLDER);
        let folder = if inner.is_dir() {
            inner
        } else {
            path.to_owned()
        };
        let mut stored = Vec::new();
        for path in files(&folder).map_err(|source| Error::Folder {
            path: folder.clone(),
            source,
        })? {
            stored.extend(Stored::open(path)?);
        }
        stored.sort_by(|a, b| {
            let times = a.images.cmp(&b.images);
            times.then(a.length.total_cmp(&b.length))
        });
        let Some((first, rest)) = stored.split_first() else {
            return Err(Error::Empty { path: folder });
        };
        for other in rest {
            first.check_same_run(other)?;
        }
        for pair in stored.windows(2) {
            pair[0].check_distinct(&pair[1])?;
        }
        Ok(Self {
            name: name(path),
            folder,
            stored,
        })
    }

    /// How many snapshots there are.
    pub fn count(&self) -> usize {
        self.stored.len()
    }

    /// The images seen at each moment at which snapshots were taken, rising; averages of more than one length need two snapshots.
    pub fn moments(&self) -> impl Iterator<Item = u64> {
        let mut last = None;
        let times = self.stored.iter().map(|stored| stored.images);
        times.filter(move |&images| last.replace(images) != Some(images))
    }

    /// The images seen at a moment at which a snapshot was taken.
    pub fn images_at(&self, moment: Moment) -> Result<u64> {
        let times = || self.stored.iter().map(|stored| stored.images);
        let asked = match moment {
            Moment::Latest => return Ok(times().max().unwrap_or(0)),
            Moment::Thousands(asked) => asked,
        };
        // Snapshots may be so near each other that their names do not tell them apart: the later one counts.
        if let Some(images) = times().rfind(|images| images / 1000 == asked) {
            return Ok(images);
        }
        let before = times().rfind(|images| images / 1000 < asked);
        let after = times().find(|images| images / 1000 > asked);
        let known = match (before, after) {
            (Some(before), Some(after)) => {
                format!("the nearest are at {} and {}", before / 1000, after / 1000)
            }
            (Some(last), None) => format!("the last is at {}", last / 1000),
            (None, first) => format!("the first is at {}", first.unwrap_or(0) / 1000),
        };
        Err(Error::Time { asked, known })
    }
}

impl Stored {
    /// Reads a snapshot's description; none if it is of time zero.
    fn open(path: PathBuf) -> Result<Option<Self>> {
        let foreign = |problem: &str| {
            Err(Error::Foreign {
                path: path.clone(),
                problem: problem.to_owned(),
            })
        };
        let (Contents::Edm2(snapshot) | Contents::Classifier(snapshot)) = Contents::open(&path)?
        else {
            return foreign("no EDM2 network among the snapshots");
        };
        let provenance = &snapshot.provenance;
        let origin = provenance.origin.as_deref();
        if origin.is_some_and(|origin| origin.starts_with(ORIGIN)) {
            return foreign(
                "itself a result of post-hoc EMA; only snapshots taken in training count",
            );
        }
        let (Some(length), Some(images)) = (provenance.ema_std, provenance.images_seen) else {
            return foreign(
                "its EMA length or training time is unknown; a snapshot says it in its metadata, or is named …-{thousands of images, 7 digits}-{length, 3 decimals}.pkl",
            );
        };
        if images == 0 {
            return Ok(None);
        }
        let Ok(average) = PowerFunction::from_relative_deviation(length) else {
            return foreign(&format!(
                "it says its EMA length is {length}, which none is"
            ));
        };
        Ok(Some(Self {
            path,
            snapshot: *snapshot,
            images,
            length,
            average,
        }))
    }

    /// That both describe the same network, with the same features drawn when it was made.
    fn check_same_run(&self, other: &Self) -> Result<()> {
        let (ours, theirs) = (&self.snapshot, &other.snapshot);
        if ours.role != theirs.role {
            let roles = [ours.role, theirs.role].map(Role::name);
            return Err(self.differs(
                other,
                &format!("one is {}, the other {}", roles[0], roles[1]),
            ));
        }
        if ours.config != theirs.config {
            return Err(self.differs(other, "their configurations differ"));
        }
        if ours.encoder != theirs.encoder {
            return Err(self.differs(other, "their encoders differ"));
        }
        for (name, tensor) in ours.weights.iter().filter(|(name, _)| Plan::is_fixed(name)) {
            if !agree(tensor, theirs.weights.get(name)?)? {
                return Err(self.differs(other, &format!("their {name}, never trained, differ")));
            }
        }
        Ok(())
    }

    fn check_distinct(&self, next: &Self) -> Result<()> {
        // Of lengths so near each other the system of equations makes nothing.
        if self.images == next.images && (self.length - next.length).abs() < 1e-6 {
            return Err(self.differs(next, "they have the same time and EMA length"));
        }
        Ok(())
    }

    fn differs(&self, other: &Self, difference: &str) -> Error {
        Error::Different {
            first: self.path.clone(),
            second: other.path.clone(),
            difference: difference.to_owned(),
        }
    }
}

/// Whether numbers are the same but for being rounded to half precision.
fn agree(a: &StoredTensor, b: &StoredTensor) -> Result<bool> {
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-3 * a.abs().max(1e-2);
    let (a, b) = (a.numbers()?, b.numbers()?);
    Ok(a.iter().zip(&b).all(near))
}

/// The files that may be snapshots, by name; unfinished ones are hidden.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let ending = path.extension();
        let known = ending.is_some_and(|ending| ending == "pkl" || ending == "safetensors");
        if known && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What a run's folder is called; where it lies is nobody's business.
fn name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let last = match whole.file_name() {
        Some(last) if last == SUBFOLDER => whole.parent().and_then(Path::file_name),
        last => last,
    };
    last.map_or_else(
        || "a run".to_owned(),
        |last| last.to_string_lossy().into_owned(),
    )
}
