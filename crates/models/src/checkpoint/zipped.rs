//! The members of a zip archive that is mapped: PyTorch's files and numpy's.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::Range,
};

use zip::{CompressionMethod, ZipArchive};

use super::problem::{Found, Problem, shown};

/// One member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Where in the file its bytes lie, as they are stored.
    pub(super) range: Range<usize>,
    /// Whether they are compressed.
    pub(super) deflated: bool,
    /// How many bytes it has when it is not compressed.
    pub(super) size: u64,
    /// Of these.
    pub(super) checksum: u32,
}

/// Whether these bytes begin a zip archive.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The name of the member that comes first in the file.
pub(super) fn first_name(bytes: &[u8]) -> Option<&[u8]> {
    /// The fixed part of what stands before a member; its length follows in the last words but one.
    const HEADER: usize = 30;
    let &[low, high, ..] = bytes.get(HEADER - 4..)? else {
        return None;
    };
    bytes.get(HEADER..HEADER + usize::from(u16::from_le_bytes([low, high])))
}

/// Names and places of all members.
pub(super) fn members(bytes: &[u8]) -> Found<BTreeMap<String, Member>> {
    const MOST: usize = 1 << 16;
    let damaged = |error: zip::result::ZipError| {
        Problem::new(format!(
            "damaged zip archive: {}",
            shown(&error.to_string())
        ))
    };
    let mut archive = ZipArchive::new(Directory::new(bytes)).map_err(damaged)?;
    if archive.len() > MOST {
        return Err(Problem::new(format!(
            "a zip archive of {} members; no checkpoint has more than {MOST}",
            archive.len()
        )));
    }
    let mut members = BTreeMap::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(damaged)?;
        let name = member.name().map_err(damaged)?.into_owned();
        let wrong = |problem: &str| {
            Problem::new(format!(
                "member '{}' of the archive {problem}",
                shown(&name)
            ))
        };
        let deflated = member.compression() == CompressionMethod::DEFLATE;
        if member.encrypted() || !deflated && member.compression() != CompressionMethod::Stored {
            return Err(wrong(
                "is encrypted, or compressed by another method than deflate",
            ));
        }
        if !deflated && member.size() != member.compressed_size() {
            return Err(wrong("has two different lengths"));
        }
        let start = member
            .data_start()
            .and_then(|start| usize::try_from(start).ok());
        let length = usize::try_from(member.compressed_size()).ok();
        let range = start.zip(length).and_then(|(start, length)| {
            let end = start.checked_add(length)?;
            (end <= bytes.len()).then_some(start..end)
        });
        let found = Member {
            range: range.ok_or_else(|| wrong("reaches beyond its end"))?,
            deflated,
            size: member.size(),
            checksum: member.crc32(),
        };
        members.insert(name, found);
    }
    Ok(members)
}

/// The bytes of an archive to someone who reads only its directory: what is made of a directory is bounded by what has been
/// read of it, so that reading more than any checkpoint's fails.
struct Directory<'a> {
    bytes: Cursor<&'a [u8]>,
    left: usize,
}

impl<'a> Directory<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: Cursor::new(bytes),
            left: 16 << 20,
        }
    }
}

impl Read for Directory<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        match self.left.checked_sub(read) {
            Some(left) => {
                self.left = left;
                Ok(read)
            }
            None => Err(io::Error::other(
                "its directory is larger than any checkpoint's",
            )),
        }
    }
}

impl Seek for Directory<'_> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(place)
    }
}
