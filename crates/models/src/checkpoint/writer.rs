//! Writing safetensors files tensor by tensor, so that a network larger than memory can be converted.

use std::{collections::BTreeMap, io::Write, path::Path};

use ::safetensors::tensor::TensorInfo;
use foil_files::FileError;

use super::safetensors::{LENGTH, header_dtype};
use crate::{Error, Result, StoredTensor, Weights};

/// Writes tensors and metadata. The file is whole or not there: it is written beside its place, then renamed.
pub fn write(path: &Path, weights: &Weights, metadata: BTreeMap<String, String>) -> Result<()> {
    // Wide types first, as the format's own library writes them, so that every tensor is aligned.
    let mut tensors: Vec<(&str, &StoredTensor)> = weights.iter().collect();
    tensors.sort_by_key(|(_, tensor)| std::cmp::Reverse(tensor.dtype().size_in_bytes()));
    let header = header(path, &tensors, metadata)?;
    foil_files::write_with(path, |out| {
        let failed = FileError::writing(path);
        out.write_all(&(header.len() as u64).to_le_bytes())
            .and_then(|()| out.write_all(&header))
            .map_err(&failed)?;
        for (_, tensor) in tensors {
            tensor
                .with_bytes(|bytes| out.write_all(bytes))?
                .map_err(&failed)?;
        }
        Ok(())
    })
}

/// JSON, filled up with spaces to whole words. The same tensors and metadata give the same bytes.
fn header(
    path: &Path,
    tensors: &[(&str, &StoredTensor)],
    metadata: BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    const METADATA: &str = "__metadata__";
    let refuse = |problem: String| Error::Foreign {
        path: path.to_owned(),
        problem,
    };
    let mut header = serde_json::Map::new();
    if !metadata.is_empty() {
        header.insert(
            METADATA.to_owned(),
            metadata.into_iter().collect::<serde_json::Value>(),
        );
    }
    let mut end = 0;
    for (name, tensor) in tensors {
        let dtype = header_dtype(tensor.dtype());
        let dtype = dtype
            .filter(|_| *name != METADATA)
            .ok_or_else(|| refuse(format!("{name}: {:?} cannot be written", tensor.dtype())))?;
        let start = end;
        end += tensor.count() * tensor.dtype().size_in_bytes();
        let information = serde_json::to_value(TensorInfo {
            dtype,
            shape: tensor.shape().to_vec(),
            data_offsets: (start, end),
        });
        let information = information.map_err(|error| refuse(error.to_string()))?;
        header.insert((*name).to_owned(), information);
    }
    let mut header = serde_json::to_vec(&header).map_err(|error| refuse(error.to_string()))?;
    header.resize(header.len().next_multiple_of(LENGTH), b' ');
    Ok(header)
}
