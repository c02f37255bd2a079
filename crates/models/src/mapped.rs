//! The one place where files are mapped into memory.

use std::{fs::File, io, ops::Range};

use memmap2::{Mmap, MmapOptions};

/// Maps a part of a file that must not be empty and must lie inside it.
#[expect(
    unsafe_code,
    reason = "mapping a file cannot be checked by the compiler"
)]
pub(crate) fn map(file: &File, range: &Range<u64>) -> io::Result<Mmap> {
    // A mapping beyond the end would be a bus error at its first use instead of an error here.
    if range.end > file.metadata()?.len() || range.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file is shorter than its tensors",
        ));
    }
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    // SAFETY: the mapping is read-only and lives while its bytes are read. Bytes are plain numbers, valid whatever they are;
    // another program that changes the file meanwhile can change the weights, as it could before, and one that shortens it
    // ends this process with a bus error, which loses work but breaks no rule.
    unsafe { MmapOptions::new().offset(range.start).len(length).map(file) }
}
