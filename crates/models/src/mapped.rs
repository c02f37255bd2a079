//! The one place where files are mapped into memory.

use std::{
    fs::File,
    io,
    ops::{Deref, Range},
    sync::Arc,
};

use memmap2::{Mmap, MmapOptions};

/// Bytes of a file that were not copied.
pub(crate) enum Mapped {
    /// Pages of a file.
    Pages(Mmap),
    /// They are in memory as long as the program.
    Program(&'static [u8]),
    /// A part of what is in memory as long as somebody has it.
    Memory(Arc<[u8]>, Range<usize>),
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Pages(pages) => pages,
            Self::Program(bytes) => bytes,
            Self::Memory(bytes, part) => &bytes[part.clone()],
        }
    }
}

/// Maps a part of a file that must not be empty and must lie inside it.
#[expect(
    unsafe_code,
    reason = "mapping a file cannot be checked by the compiler"
)]
pub(crate) fn map(file: &File, range: &Range<u64>) -> io::Result<Mapped> {
    // A mapping beyond the end would be a bus error at its first use instead of an error here.
    if range.end > file.metadata()?.len() || range.is_empty() {
        return Err(too_short());
    }
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    // SAFETY: the mapping is read-only and lives while its bytes are read. Bytes are plain numbers, valid whatever they are;
    // another program that changes the file meanwhile can change the weights, as it could before, and one that shortens it
    // ends this process with a bus error, which loses work but breaks no rule.
    let pages = unsafe { MmapOptions::new().offset(range.start).len(length).map(file) }?;
    Ok(Mapped::Pages(pages))
}

/// The same part of so many bytes that are in memory.
pub(crate) fn part(length: usize, range: &Range<u64>) -> io::Result<Range<usize>> {
    let place = |place: u64| usize::try_from(place).map_err(io::Error::other);
    let part = place(range.start)?..place(range.end)?;
    if part.is_empty() || part.end > length {
        return Err(too_short());
    }
    Ok(part)
}

fn too_short() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the file is shorter than its tensors",
    )
}
