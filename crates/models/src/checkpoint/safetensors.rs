//! safetensors files: a header of JSON, then the tensors.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use candle_core::DType;
use safetensors::{Dtype, SafeTensors};

use super::{
    problem::{Found, Problem, shown},
    torch::Names,
};
use crate::{Error, Result, SourceFile, StoredTensor, Weights};

/// The header's length comes first, in eight bytes.
pub(super) const LENGTH: usize = 8;
/// The format's own limit on its header.
const LARGEST_HEADER: u64 = 100_000_000;

/// A file's tensors and its metadata.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) tensors: BTreeMap<String, StoredTensor>,
    pub(super) metadata: HashMap<String, String>,
}

/// A safetensors file: tensors that stay where they are, and whatever its writer said about them.
#[derive(Debug, Clone)]
pub struct Safetensors {
    /// Its tensors.
    pub weights: Weights,
    /// Its metadata.
    pub metadata: HashMap<String, String>,
}

impl Safetensors {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(&SourceFile::open(path)?)
    }

    /// The same of a file that is open, or part of the program.
    pub fn of(file: &Arc<SourceFile>) -> Result<Self> {
        let foreign = |problem: Problem| Error::Foreign {
            path: file.path().to_owned(),
            problem: problem.0,
        };
        let bytes = file.map(&(0..file.length()))?;
        let Header { tensors, metadata } = read(file, &bytes).map_err(foreign)?;
        Ok(Self {
            weights: Weights::new(file.path().display().to_string(), tensors),
            metadata,
        })
    }
}

/// Whether these bytes begin such a file: a length, and JSON.
pub(super) fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, [b'{', ..])) = bytes.split_first_chunk::<LENGTH>() else {
        return false;
    };
    // A length may begin as a pickle does; but no pickle goes on with zeros, and no header is so long that it does not.
    length[0] != 0x80 || length[4..] == [0; 4]
}

/// Reads the header of a file with these bytes.
pub(super) fn read(file: &Arc<SourceFile>, bytes: &[u8]) -> Found<Header> {
    let length = bytes
        .first_chunk::<LENGTH>()
        .map_or(0, |length| u64::from_le_bytes(*length));
    let left = (bytes.len() - LENGTH.min(bytes.len())) as u64;
    if length > left.min(LARGEST_HEADER) {
        return Err(Problem::new(format!(
            "damaged safetensors file: a header of {length} bytes where {left} are left and at most {LARGEST_HEADER} allowed"
        )));
    }
    let damaged = |error: ::safetensors::SafeTensorError| {
        let said = shown(&error.to_string());
        Problem::new(format!("damaged safetensors file: {said}"))
    };
    let (length, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let start = (LENGTH + length) as u64;
    let mut tensors = BTreeMap::new();
    for (name, information) in header.tensors() {
        let name = Names::join("", &name)?;
        let (first, last) = information.data_offsets;
        let range = start + first as u64..start + last as u64;
        let dtype = dtype(&name, information.dtype)?;
        let tensor = StoredTensor::in_file(dtype, &information.shape, file, range)?;
        tensors.insert(name, tensor);
    }
    let metadata = header.metadata().clone().unwrap_or_default();
    Ok(Header { tensors, metadata })
}

/// Booleans are bytes.
fn dtype(name: &str, dtype: Dtype) -> Found<DType> {
    Ok(match dtype {
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        Dtype::U8 | Dtype::BOOL => DType::U8,
        Dtype::U32 => DType::U32,
        Dtype::I16 => DType::I16,
        Dtype::I32 => DType::I32,
        Dtype::I64 => DType::I64,
        other => {
            return Err(Problem::new(format!(
                "{name} is of type {other:?}, which cannot be read; F16, BF16, F32, F64, U8, U32, I16, I32, I64 and BOOL can"
            )));
        }
    })
}

/// The type of a stored tensor in a header; none for those that no reader makes.
pub(super) fn header_dtype(dtype: DType) -> Option<Dtype> {
    Some(match dtype {
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::U8 => Dtype::U8,
        DType::U32 => Dtype::U32,
        DType::I16 => Dtype::I16,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        _ => return None,
    })
}
