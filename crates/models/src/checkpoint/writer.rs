//! Writing safetensors files tensor by tensor, so that a network larger than memory can be converted.

use std::{collections::BTreeMap, io::Write, path::Path};

use ::safetensors::tensor::TensorInfo;
use candle_core::DType;
use foil_files::FileError;

use super::safetensors::{LENGTH, header_dtype};
use crate::{Error, Result, StoredTensor, Weights};

/// Writes tensors and metadata. The file is whole or not there: it is written beside its place, then renamed.
pub fn write(path: &Path, weights: &Weights, metadata: BTreeMap<String, String>) -> Result<()> {
    // Wide types first, as the format's own library writes them, so that every tensor is aligned.
    let mut tensors: Vec<(&str, &StoredTensor)> = weights.iter().collect();
    tensors.sort_by_key(|(_, tensor)| std::cmp::Reverse(tensor.dtype().size_in_bytes()));
    let described: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (*name, tensor.dtype(), tensor.shape()))
        .collect();
    let header = header(path, &described, metadata)?;
    foil_files::write_with(path, |out| {
        let failed = FileError::writing(path);
        out.write_all(&header).map_err(&failed)?;
        for (_, tensor) in tensors {
            tensor
                .with_bytes(|bytes| out.write_all(bytes))?
                .map_err(&failed)?;
        }
        Ok(())
    })
}

/// What a file begins with whose tensors, each with its name, type and shape, follow in this order without gaps. The file's path is
/// for messages.
///
/// A length, and JSON filled up with spaces to whole words. The same tensors and metadata give the same bytes.
pub fn header(
    path: &Path,
    tensors: &[(&str, DType, &[usize])],
    metadata: BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    const METADATA: &str = "__metadata__";
    let refuse = |problem: String| Error::Foreign {
        path: path.to_owned(),
        problem,
    };
    let mut entries = serde_json::Map::new();
    if !metadata.is_empty() {
        entries.insert(
            METADATA.to_owned(),
            metadata.into_iter().collect::<serde_json::Value>(),
        );
    }
    let mut end = 0;
    for &(name, dtype, shape) in tensors {
        let known = header_dtype(dtype).filter(|_| name != METADATA);
        let known = known.ok_or_else(|| refuse(format!("{name}: {dtype:?} cannot be written")))?;
        let start = end;
        end += shape.iter().product::<usize>() * dtype.size_in_bytes();
        let information = serde_json::to_value(TensorInfo {
            dtype: known,
            shape: shape.to_vec(),
            data_offsets: (start, end),
        });
        let information = information.map_err(|error| refuse(error.to_string()))?;
        if entries.insert(name.to_owned(), information).is_some() {
            return Err(refuse(format!("{name} is there twice")));
        }
    }
    let mut text = serde_json::to_vec(&entries).map_err(|error| refuse(error.to_string()))?;
    text.resize(text.len().next_multiple_of(LENGTH), b' ');
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.extend(text);
    Ok(header)
}
