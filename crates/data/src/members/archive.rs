//! Files in a zip archive, read where they lie, by any number of threads.
//!
//! The archive's directory is read once; the members are not touched before they are asked for. EDM2's archives are not compressed,
//! those of other programs may be.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use flate2::{Crc, read::DeflateDecoder};
use zip::{CompressionMethod, HasZipMetadata, ZipArchive, read::ZipFileEntry};

use super::{DESCRIPTION, Listing, Member, Members, NO_IMAGE, is_candidate, skipped};
use crate::{
    Error, Result,
    error::{at, shown},
};

/// The fixed part of what stands before a member.
const LOCAL_HEADER: usize = 30;

/// What stands between a member's name and its content in archives of more than 4 GiB, and in smaller ones often does not.
const USUAL_FIELDS: usize = 20;

/// Deflate makes at most so many bytes of one.
const MOST_EXPANSION: u64 = 1032;

/// Where a member lies.
#[derive(Debug)]
pub(crate) struct Place {
    header: u64,
    /// Bytes between the fixed part of the header and the content, if the archive is as others are.
    before: usize,
    stored: u64,
    size: u64,
    deflated: bool,
    pub(super) checksum: u32,
}

/// Whether a file begins as an archive does.
pub(crate) fn is_archive(path: &Path) -> Result<bool> {
    let file = File::open(path).map_err(at(path))?;
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start).map_err(at(path))?;
    Ok(start == b"PK\x03\x04" || start == b"PK\x05\x06")
}

/// Lists an archive.
pub(super) fn list(path: &Path) -> Result<Listing> {
    let file = File::open(path).map_err(at(path))?;
    let length = file.metadata().map_err(at(path))?.len();
    let reader = BufReader::with_capacity(1 << 16, &file);
    let directory = ZipArchive::new(reader).map_err(|error| {
        let problem = format!("damaged zip archive: {}", shown(&error.to_string()));
        Error::foreign(path, problem)
    })?;
    if directory.has_duplicate_names() {
        return Err(Error::foreign(
            path,
            "two of its members have the same name",
        ));
    }
    let (mut list, mut others, mut description) = (Vec::new(), Vec::new(), None);
    for index in 0..directory.len() {
        let entry = directory
            .by_index_data(index)
            .map_err(|error| Error::foreign(path, format!("damaged zip archive: {error}")))?;
        let name = String::from_utf8_lossy(entry.name_raw());
        if name.ends_with('/') {
            continue;
        }
        let place = Place::new(&entry, length);
        if name == DESCRIPTION {
            let inner = path.join(DESCRIPTION);
            let place = place.map_err(|reason| Error::foreign(&inner, reason))?;
            description = Some(place.bytes(&file, &inner)?);
            continue;
        }
        match place {
            Err(reason) => others.push(skipped(&name, reason)),
            Ok(place) if is_candidate(&name) => list.push(Member {
                name: name.into(),
                size: place.size,
                place: Some(place),
            }),
            Ok(_) => others.push(skipped(&name, NO_IMAGE)),
        }
    }
    drop(directory);
    Ok(Listing {
        members: Members {
            path: path.to_owned(),
            list,
            archive: Some(file),
        },
        description,
        skipped: others,
    })
}

impl Place {
    /// From the archive's directory, or why the member cannot be read.
    fn new(entry: &ZipFileEntry<'_>, length: u64) -> std::result::Result<Self, &'static str> {
        let deflated = entry.compression() == CompressionMethod::DEFLATE;
        if entry.encrypted() {
            return Err("encrypted");
        }
        if !deflated && entry.compression() != CompressionMethod::Stored {
            return Err("compressed by another method than deflate");
        }
        if std::str::from_utf8(entry.name_raw()).is_err() {
            return Err("its name is not Unicode");
        }
        let (stored, size) = (entry.compressed_size(), entry.size());
        let header = entry.get_metadata().header_start;
        if header.checked_add(stored).is_none_or(|end| end > length) {
            return Err("lies beyond the archive's end");
        }
        if !deflated && stored != size || size > stored.saturating_mul(MOST_EXPANSION) {
            return Err("the archive contradicts itself about its size");
        }
        Ok(Self {
            header,
            before: entry.name_raw().len() + USUAL_FIELDS,
            stored,
            size,
            deflated,
            checksum: entry.crc32(),
        })
    }

    /// The member's bytes, whose checksum is right.
    pub(super) fn bytes(&self, archive: &File, path: &Path) -> Result<Vec<u8>> {
        let stored = self.stored_bytes(archive, path, self.stored)?;
        let bytes = if self.deflated {
            // No longer than announced, which the compressed bytes can be.
            let mut bytes = Vec::new();
            let decoder = DeflateDecoder::new(stored.as_slice());
            let read = decoder.take(self.size + 1).read_to_end(&mut bytes);
            read.map_err(|error| Error::foreign(path, format!("damaged in the archive: {error}")))?;
            bytes
        } else {
            stored
        };
        let mut checksum = Crc::new();
        checksum.update(&bytes);
        if bytes.len() as u64 != self.size || checksum.sum() != self.checksum {
            return Err(Error::foreign(
                path,
                "damaged in the archive: its checksum is wrong",
            ));
        }
        Ok(bytes)
    }

    /// The member's first bytes, or all where it is compressed.
    pub(super) fn beginning(&self, archive: &File, path: &Path, most: u64) -> Result<Vec<u8>> {
        if self.deflated || self.size <= most {
            return self.bytes(archive, path);
        }
        self.stored_bytes(archive, path, most)
    }

    /// The first bytes of what lies in the archive, mostly with a single question to the disk.
    fn stored_bytes(&self, archive: &File, path: &Path, count: u64) -> Result<Vec<u8>> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::foreign(path, "lies beyond the archive's end"),
            _ => at(path)(error),
        };
        let count =
            usize::try_from(count).map_err(|_| failed(io::ErrorKind::UnexpectedEof.into()))?;
        let mut bytes = vec![0; LOCAL_HEADER + self.before + count];
        let read = read_at(archive, &mut bytes, self.header).map_err(failed)?;
        bytes.truncate(read);
        if !bytes.starts_with(b"PK\x03\x04") || read < LOCAL_HEADER {
            return Err(Error::foreign(
                path,
                "not where the archive's directory says",
            ));
        }
        // The lengths of the name and of what else stands there.
        let lengths = [[bytes[26], bytes[27]], [bytes[28], bytes[29]]];
        let [name, rest] = lengths.map(u16::from_le_bytes).map(usize::from);
        let start = LOCAL_HEADER + name + rest;
        if start + count > read {
            bytes.resize(start + count, 0);
            let missing = self.header + read as u64;
            let more = read_at(archive, &mut bytes[read..], missing).map_err(failed)?;
            if read + more < bytes.len() {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        bytes.truncate(start + count);
        bytes.drain(..start);
        Ok(bytes)
    }
}

/// Reads until the buffer is full or the file ends.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match read_some(file, &mut buffer[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
