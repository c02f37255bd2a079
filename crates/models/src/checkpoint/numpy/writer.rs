//! Archives of arrays as numpy writes them: stored, each a file of its own.

use std::{
    fmt::Write as _,
    io::{self, Seek, Write},
    path::Path,
};

use foil_files::FileError;
use zip::{
    CompressionMethod, DateTime, System, ZipWriter, result::ZipError, write::SimpleFileOptions,
};

use crate::{Error, Result};

/// An array of doubles: its name, its shape, and its bytes, little-endian in C's order.
type Doubles<'a> = (&'a str, Vec<usize>, Vec<u8>);

/// Writes so many arrays, one after the other as `array` gives them. The file's path is for messages. The same arrays make the same bytes.
pub(in super::super) fn write<'a>(
    out: &mut (impl Write + Seek),
    path: &Path,
    count: usize,
    array: impl Fn(usize) -> Result<Doubles<'a>>,
) -> Result<()> {
    let failed = |error: ZipError| FileError::writing(path)(io::Error::from(error));
    let mut archive = ZipWriter::new(out);
    for place in 0..count {
        let (name, shape, bytes) = array(place)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .system(System::Unix)
            .unix_permissions(0o644)
            .large_file(bytes.len() as u64 >= u64::from(u32::MAX) / 2);
        let started = archive.start_file(format!("{name}.npy"), options);
        started.map_err(failed)?;
        let written = archive.write_all(&header(&shape));
        let written = written.and_then(|()| archive.write_all(&bytes));
        written.map_err(FileError::writing(path))?;
    }
    archive.finish().map_err(failed)?;
    Ok::<(), Error>(())
}

/// What stands before an array of doubles, `f8`.
fn header(shape: &[usize]) -> Vec<u8> {
    let mut sizes = String::new();
    for size in shape {
        // Writing into a text cannot fail.
        let _ = write!(sizes, "{size}, ");
    }
    // A tuple of one has a comma after it, one of several has none.
    let sizes = match shape {
        [_] => sizes.trim_end(),
        _ => sizes.trim_end_matches(", "),
    };
    let mut text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({sizes}), }}");
    // The numbers begin at a multiple of 64.
    let start = (10 + text.len() + 1).next_multiple_of(64);
    text.extend(std::iter::repeat_n(' ', start - 11 - text.len()));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}
