//! A network's file whose numbers are made while it is written, so that several can grow at once and none is ever in memory as a whole.

use std::{collections::BTreeMap, io::Write, path::Path};

use candle_core::DType;
use foil_files::{FileError, Unfinished};

use super::{snapshot::Snapshot, writer::header};
use crate::{Error, Result, StoredTensor};

/// A safetensors file that is being written beside its place. It gets there when it is finished; if it never is, nothing stays.
#[derive(Debug)]
pub struct GradualFile {
    out: Unfinished,
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
    ) -> Result<GradualFile> {
        let tensors = self.weights.iter();
        let mut described: Vec<(&str, DType, &[usize])> = tensors
            .map(|(name, tensor)| (name, dtype(name, tensor), tensor.shape()))
            .collect();
        // Wide types first, as in other files of this program.
        described.sort_by_key(|(_, dtype, _)| std::cmp::Reverse(dtype.size_in_bytes()));
        GradualFile::begin(path, &described, self.metadata()?)
    }
}

impl GradualFile {
    fn begin(
        path: &Path,
        tensors: &[(&str, DType, &[usize])],
        metadata: BTreeMap<String, String>,
    ) -> Result<Self> {
        let header = header(path, tensors, metadata)?;
        let bytes = tensors.iter().map(|(_, dtype, shape)| {
            let count = shape.iter().product::<usize>() as u64;
            count * dtype.size_in_bytes() as u64
        });
        let mut out = Unfinished::begin(path)?;
        let begun = out.write_all(&header);
        begun.map_err(FileError::writing(path))?;
        Ok(Self {
            out,
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
        Ok(written.map_err(FileError::writing(self.out.path()))?)
    }

    /// Puts the file in its place once every tensor has come.
    pub fn finish(self) -> Result<()> {
        if self.left > 0 {
            return Err(self.miscounted("fewer"));
        }
        Ok(self.out.finish()?)
    }

    fn miscounted(&self, which: &str) -> Error {
        Error::Weights {
            origin: self.out.path().display().to_string(),
            problem: format!("{which} numbers than its header describes"),
        }
    }
}
