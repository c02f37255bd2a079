//! What a file holds, found by looking at its bytes.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    format::Format,
    numpy::Npz,
    nvidia::{self, Persistent},
    pickle::{Node, Pickle},
    problem::{Found, Problem},
    safetensors,
    snapshot::{Role, Snapshot},
    statistics::Statistics,
    tensorflow,
    torch::{Archive, Names, Stream, Tensors, state_dictionary},
};
use crate::{Error, Result, SourceFile, StoredTensor, Weights};

/// What a checkpoint holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Contents {
    /// An EDM2 network: a pickle of NVIDIA's or a snapshot of Foil's.
    Edm2(Box<Snapshot>),
    /// A classifier of Foil's: the network's encoder half with a head.
    Classifier(Box<Snapshot>),
    /// A network of the two-dimensional laboratory.
    Toy(Weights),
    /// Moments of a data set's features, as NVIDIA and ADM keep them.
    Statistics(Statistics),
    /// The same of `foil evaluate reference`.
    Reference(Weights),
    /// Tensors by name, without a description of the network.
    Tensors(Weights),
}

impl Contents {
    /// Opens a file. Nothing in it is executed, no tensor is read, and its name does not matter.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::of(&SourceFile::open(path.as_ref())?)
    }

    /// The same of a file that is open, or part of the program.
    pub fn of(file: &Arc<SourceFile>) -> Result<Self> {
        let foreign = |problem: Problem| Error::Foreign {
            path: file.path().to_owned(),
            problem: problem.0,
        };
        if file.length() == 0 {
            return Err(foreign(Problem::new("the file is empty")));
        }
        let bytes = file.map(&(0..file.length()))?;
        Self::read(file, &bytes).map_err(foreign)
    }

    fn read(file: &Arc<SourceFile>, bytes: &[u8]) -> Found<Self> {
        let whole = 0..bytes.len();
        match Format::of(bytes)? {
            Format::Safetensors => from_safetensors(file, bytes),
            Format::TorchZip => {
                let archive = Archive::read(bytes)?;
                let pickle = Pickle::read(bytes, archive.object, Pickle::LARGE)?;
                let mut tensors = Tensors::new(file, bytes, archive.storages);
                from_pickle(&pickle, file, bytes, &mut tensors)
            }
            Format::Npz => from_arrays(Npz::read(file, bytes)?, file),
            Format::TorchStream => {
                let stream = Stream::read(bytes, whole, Pickle::LARGE)?;
                let mut tensors = Tensors::new(file, bytes, stream.storages);
                from_pickle(&stream.object, file, bytes, &mut tensors)
            }
            Format::Pickle => {
                let pickle = Pickle::read(bytes, whole, Pickle::LARGE)?;
                let mut tensors = Tensors::new(file, bytes, BTreeMap::new());
                from_pickle(&pickle, file, bytes, &mut tensors)
            }
            Format::TensorflowGraph => {
                let tensors = tensorflow::read(file, bytes)?;
                Ok(Contents::Tensors(named(file, tensors)))
            }
        }
    }
}

fn named(file: &SourceFile, tensors: BTreeMap<String, StoredTensor>) -> Weights {
    Weights::new(file.path().display().to_string(), tensors)
}

fn from_safetensors(file: &Arc<SourceFile>, bytes: &[u8]) -> Found<Contents> {
    let header = safetensors::read(file, bytes)?;
    if Snapshot::is_foils(&header.metadata) {
        let snapshot = Snapshot::from_header(file.path(), header)?;
        return Ok(match snapshot.role {
            Role::Denoiser => Contents::Edm2(Box::new(snapshot)),
            Role::NoisyClassifier | Role::CleanClassifier => {
                Contents::Classifier(Box::new(snapshot))
            }
        });
    }
    // These files are read by those who write them; here they are only known.
    match header.metadata.get("foil.kind").map(String::as_str) {
        Some("toy-density-model") => Ok(Contents::Toy(named(file, header.tensors))),
        Some("statistics") => Ok(Contents::Reference(named(file, header.tensors))),
        _ => Ok(Contents::Tensors(named(file, header.tensors))),
    }
}

fn from_arrays(mut arrays: Npz<'_>, file: &SourceFile) -> Found<Contents> {
    if arrays.has("mu") && arrays.has("sigma") {
        return Statistics::of_arrays(&mut arrays).map(Contents::Statistics);
    }
    Ok(Contents::Tensors(named(file, arrays.arrays()?)))
}

fn from_pickle(
    pickle: &Pickle<'_>,
    file: &Arc<SourceFile>,
    bytes: &[u8],
    tensors: &mut Tensors<'_>,
) -> Found<Contents> {
    let contents = from_root(pickle.root(), file, bytes, tensors);
    pickle.check_patience()?;
    contents
}

fn from_root(
    root: Node<'_>,
    file: &Arc<SourceFile>,
    bytes: &[u8],
    tensors: &mut Tensors<'_>,
) -> Found<Contents> {
    if let Some(object) = Persistent::new(root) {
        let mut names = Names::default();
        nvidia::module_tensors(root, "", 0, tensors, &mut names)?;
        let weights = named(file, names.tensors());
        return Ok(if object.class == "ToyModel" {
            Contents::Toy(weights)
        } else {
            Contents::Tensors(weights)
        });
    }
    if let Some(ema) = root.get("ema").and_then(Persistent::new) {
        let snapshot = nvidia::network(root, ema, file, tensors, bytes)?;
        return Ok(Contents::Edm2(Box::new(snapshot)));
    }
    if root.get("num_images").is_some() {
        return Statistics::of_pickle(root, file, bytes).map(Contents::Statistics);
    }
    let tensors = state_dictionary(root, tensors)?;
    Ok(Contents::Tensors(named(file, tensors)))
}
