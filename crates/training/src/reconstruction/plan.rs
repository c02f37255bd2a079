//! Which snapshots add up to the wanted averages, and what their files are called.

use std::path::{Path, PathBuf};

use candle_core::DType;
use foil_models::{
    StoredTensor,
    checkpoint::{Contents, Provenance, Snapshot},
    edm2::Plan,
};

use super::{
    Error, Result, Run,
    run::{ORIGIN, Stored},
};
use crate::ema::{self, PowerFunction, misfit, post_hoc};

/// How the numbers of a result are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    F32,
    /// The upper half of single precision.
    Bf16,
    /// Half precision, as networks are published.
    F16,
}

impl Precision {
    pub(super) fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }
}

/// Averages of several lengths at one moment of a run.
#[derive(Debug)]
pub struct Reconstruction<'a> {
    pub(super) run: &'a Run,
    /// Those up to the moment.
    pub(super) stored: &'a [Stored],
    pub(super) averages: Vec<Average>,
    pub(super) precision: Precision,
    images: u64,
}

/// One wanted average.
#[derive(Debug)]
pub(super) struct Average {
    length: f64,
    /// One for each snapshot.
    pub(super) coefficients: Vec<f64>,
    misfit: f64,
}

impl<'a> Reconstruction<'a> {
    /// Solves for averages of these lengths, in whole thousandths, after so many images, at which a snapshot must have been taken.
    pub fn new(run: &'a Run, images: u64, lengths: &[f64], precision: Precision) -> Result<Self> {
        let usable = run.stored.partition_point(|stored| stored.images <= images);
        let stored = &run.stored[..usable];
        let wanted = check(lengths, stored)?;
        let times: Vec<ema::Snapshot> = stored.iter().map(Stored::profile).collect();
        let time = images as f64;
        let coefficients = post_hoc(&times, &wanted, time)?;
        let averages = lengths.iter().zip(wanted).zip(coefficients);
        let averages = averages.map(|((&length, average), coefficients)| Average {
            length,
            misfit: misfit(&times, &coefficients, ema::Snapshot { time, average }),
            coefficients,
        });
        Ok(Self {
            run,
            stored,
            averages: averages.collect(),
            precision,
            images,
        })
    }

    /// How many snapshots count: those up to the moment.
    pub fn snapshots(&self) -> usize {
        self.stored.len()
    }

    /// How far each average's profile is from the wanted one, relative to it.
    pub fn misfits(&self) -> impl Iterator<Item = f64> {
        self.averages.iter().map(|average| average.misfit)
    }

    /// The files of a folder that hold the results.
    pub fn paths(&self, folder: &Path) -> Vec<PathBuf> {
        let thousands = self.images / 1000;
        let name = |average: &Average| {
            let length = named(average.length);
            folder.join(format!("network-{thousands:07}-{length}.safetensors"))
        };
        self.averages.iter().map(name).collect()
    }

    /// Which results are not in the folder yet. A file that is something else is an error, and so is the snapshots' own folder.
    pub fn missing(&self, folder: &Path) -> Result<Vec<usize>> {
        let in_the_way = |path: &Path, problem: &str| {
            Err(Error::InTheWay {
                path: path.to_owned(),
                problem: problem.to_owned(),
            })
        };
        if let (Ok(ours), Ok(theirs)) = (folder.canonicalize(), self.run.folder.canonicalize())
            && ours == theirs
        {
            return in_the_way(folder, "is where the snapshots are");
        }
        let mut missing = Vec::new();
        for (index, path) in self.paths(folder).iter().enumerate() {
            if path.symlink_metadata().is_err() {
                missing.push(index);
            } else if !self.is_result(index, path) {
                return in_the_way(path, "exists and is not this average of these snapshots");
            }
        }
        Ok(missing)
    }

    fn is_result(&self, index: usize, path: &Path) -> bool {
        let Ok(Contents::Edm2(found) | Contents::Classifier(found)) = Contents::open(path) else {
            return false;
        };
        let wanted = self.outline(index);
        let mut tensors = found.weights.iter();
        found.role == wanted.role
            && found.config == wanted.config
            && found.encoder == wanted.encoder
            && found.provenance == wanted.provenance
            && tensors.all(|(name, tensor)| {
                let template = wanted.weights.get(name);
                template.is_ok_and(|template| tensor.dtype() == self.dtype(name, template))
            })
    }

    /// The result with the numbers of the last snapshot instead of its own.
    pub(super) fn outline(&self, index: usize) -> Snapshot {
        // There is one: without any, no coefficients were found.
        let last = &self.stored[self.stored.len() - 1].snapshot;
        let count = self.stored.len();
        let plural = if count == 1 { "" } else { "s" };
        Snapshot {
            provenance: Provenance {
                ema_std: Some(self.averages[index].length),
                images_seen: Some(self.images),
                origin: Some(format!(
                    "{ORIGIN}{count} snapshot{plural} of {}",
                    self.run.name
                )),
                ..last.provenance.clone()
            },
            ..last.clone()
        }
    }

    /// Features that were never trained are kept as they are.
    pub(super) fn dtype(&self, name: &str, template: &StoredTensor) -> DType {
        if Plan::is_fixed(name) {
            template.dtype()
        } else {
            self.precision.dtype()
        }
    }
}

impl Stored {
    fn profile(&self) -> ema::Snapshot {
        ema::Snapshot {
            time: self.images as f64,
            average: self.average,
        }
    }
}

/// The profiles of lengths that can be wanted of these snapshots.
fn check(lengths: &[f64], stored: &[Stored]) -> Result<Vec<PowerFunction>> {
    let wanted = lengths
        .iter()
        .map(|&length| PowerFunction::from_relative_deviation(length));
    let wanted = wanted.collect::<std::result::Result<Vec<_>, _>>()?;
    for (index, &length) in lengths.iter().enumerate() {
        let same = |other: &f64| named(*other) == named(length);
        let unnamed = named(length).parse() != Ok(length);
        if unnamed || lengths[..index].iter().any(same) {
            return Err(Error::Length(length));
        }
        if let [only] = stored
            && !same(&only.length)
        {
            let images = only.images;
            return Err(Error::TooFew { images });
        }
    }
    Ok(wanted)
}

/// A length as files are named by it.
fn named(length: f64) -> String {
    format!("{length:.3}")
}
