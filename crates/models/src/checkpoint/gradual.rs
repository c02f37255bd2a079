//! A network's file whose numbers are made while it is written, so that several can grow at once and none has to be in memory as a whole.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

use candle_core::DType;
use foil_files::{FileError, Unfinished};

use super::{snapshot::Snapshot, writer::header};
use crate::{Error, Result, StoredTensor};

/// A safetensors file that is being written: beside its place, where it gets when it is finished ([`Unfinished`]), or into memory (`Vec<u8>`). If it
/// is never finished, nothing stays.
#[derive(Debug)]
pub struct Gradual<W> {
    out: W,
    /// For messages.
    path: PathBuf,
    order: Vec<String>,
    /// Bytes that are still to come.
    left: u64,
}

impl Snapshot {
    /// Begins the file of this network with other numbers, each tensor stored as `dtype` says.
    pub fn begin(
        &self,
        path: &Path,
        dtype: impl Fn(&str, &StoredTensor) -> DType,
    ) -> Result<Gradual<Unfinished>> {
        let described = described(self, dtype);
        Gradual::begin(Unfinished::begin(path)?, path, &described, self.metadata()?)
    }

    /// The same bytes in memory. The name is for messages.
    pub fn begin_in_memory(
        &self,
        name: &Path,
        dtype: impl Fn(&str, &StoredTensor) -> DType,
    ) -> Result<Gradual<Vec<u8>>> {
        let described = described(self, dtype);
        Gradual::begin(Vec::new(), name, &described, self.metadata()?)
    }
}

/// Each tensor as it will be in the file, wide types first, as in other files of this program.
fn described(
    snapshot: &Snapshot,
    dtype: impl Fn(&str, &StoredTensor) -> DType,
) -> Vec<(&str, DType, &[usize])> {
    let tensors = snapshot.weights.iter();
    let mut described: Vec<(&str, DType, &[usize])> = tensors
        .map(|(name, tensor)| (name, dtype(name, tensor), tensor.shape()))
        .collect();
    described.sort_by_key(|(_, dtype, _)| std::cmp::Reverse(dtype.size_in_bytes()));
    described
}

impl<W: Write> Gradual<W> {
    fn begin(
        mut out: W,
        path: &Path,
        tensors: &[(&str, DType, &[usize])],
        metadata: BTreeMap<String, String>,
    ) -> Result<Self> {
        let header = header(path, tensors, metadata)?;
        let bytes = tensors.iter().map(|(_, dtype, shape)| {
            let count = shape.iter().product::<usize>() as u64;
            count * dtype.size_in_bytes() as u64
        });
        let begun = out.write_all(&header);
        begun.map_err(FileError::writing(path))?;
        Ok(Self {
            out,
            path: path.to_owned(),
            order: tensors
                .iter()
                .map(|&(name, _, _)| name.to_owned())
                .collect(),
            left: bytes.sum(),
        })
    }

    /// The tensors in the order in which their bytes must come.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// Appends bytes, little-endian, of one tensor or a part of it.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or_else(|| self.miscounted("more"))?;
        let written = self.out.write_all(bytes);
        Ok(written.map_err(FileError::writing(&self.path))?)
    }

    /// What was written, once every tensor has come.
    fn whole(self) -> Result<W> {
        if self.left > 0 {
            return Err(self.miscounted("fewer"));
        }
        Ok(self.out)
    }

    fn miscounted(&self, which: &str) -> Error {
        Error::Weights {
            origin: self.path.display().to_string(),
            problem: format!("{which} numbers than its header describes"),
        }
    }
}

impl Gradual<Unfinished> {
    /// Puts the file in its place once every tensor has come.
    pub fn finish(self) -> Result<()> {
        Ok(self.whole()?.finish()?)
    }
}

impl Gradual<Vec<u8>> {
    /// The file's bytes once every tensor has come.
    pub fn into_bytes(self) -> Result<Vec<u8>> {
        self.whole()
    }
}
