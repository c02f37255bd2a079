//! The container a file is, by its first bytes.

use std::fmt;

use super::{
    numpy,
    problem::{Found, Problem},
    safetensors, tensorflow, torch, zipped,
};
use crate::{Error, Result, SourceFile};

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header of JSON and the tensors.
    Safetensors,
    /// A zip archive of PyTorch's.
    TorchZip,
    /// A zip archive of numpy's, of arrays.
    Npz,
    /// PyTorch's format before 1.6.
    TorchStream,
    /// A Python pickle, as NVIDIA's networks are.
    Pickle,
    /// A frozen graph of TensorFlow's.
    TensorflowGraph,
}

impl Format {
    /// The format of a file.
    pub fn of_file(file: &SourceFile) -> Result<Self> {
        let found = if file.length() == 0 {
            Self::of(&[])
        } else {
            Self::of(&file.map(&(0..file.length()))?)
        };
        found.map_err(|problem| Error::Foreign {
            path: file.path().to_owned(),
            problem: problem.0,
        })
    }

    /// The format of a file with these bytes.
    pub(super) fn of(bytes: &[u8]) -> Found<Self> {
        if zipped::is_zip(bytes) {
            return Ok(if numpy::is_npz(bytes) {
                Self::Npz
            } else {
                Self::TorchZip
            });
        }
        if safetensors::is_safetensors(bytes) {
            return Ok(Self::Safetensors);
        }
        if torch::is_stream(bytes) {
            return Ok(Self::TorchStream);
        }
        // Before protocol 2 nothing marks a pickle but its end, and most begin with a container.
        let old = |first: &u8| b"(c]}".contains(first) && bytes.ends_with(b".");
        match bytes {
            [0x80, 0..=5, ..] => Ok(Self::Pickle),
            [first, ..] if old(first) => Ok(Self::Pickle),
            _ if tensorflow::is_graph(bytes) => Ok(Self::TensorflowGraph),
            _ => Err(Problem::new(
                "not a checkpoint: it is no safetensors file, no file of torch.save, no archive of numpy's, no pickle and no graph of TensorFlow",
            )),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::TorchZip => "torch-zip",
            Self::Npz => "npz",
            Self::TorchStream => "torch-stream",
            Self::Pickle => "pickle",
            Self::TensorflowGraph => "tensorflow-graph",
        })
    }
}
