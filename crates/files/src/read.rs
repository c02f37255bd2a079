//! Reading files whose size is known to have a limit.

use std::{io, path::Path};

use crate::FileError;

/// Reads a file that has no business being larger than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let failed = FileError::reading(path);
    let size = std::fs::metadata(path).map_err(&failed)?.len();
    if size > limit {
        return Err(failed(io::Error::other(format!(
            "it has {size} bytes, more than the {limit} allowed"
        ))));
    }
    std::fs::read(path).map_err(failed)
}
