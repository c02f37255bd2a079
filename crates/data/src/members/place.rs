//! Where a member of a zip archive lies, and its bytes.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use flate2::{Crc, read::DeflateDecoder};
use zip::{CompressionMethod, HasZipMetadata, read::ZipFileEntry};

use crate::{Error, Result, error::at};

/// The fixed part of what stands before a member.
const LOCAL_HEADER: usize = 30;

/// What stands between a member's name and its content in archives of more than 4 GiB, and in smaller ones often does not.
const USUAL_FIELDS: usize = 20;

/// Deflate makes at most so many bytes of one.
const MOST_EXPANSION: u64 = 1032;

/// Where a member lies in its archive.
#[derive(Debug)]
pub(crate) struct Place {
    header: u64,
    /// Bytes between the fixed part of the header and the content, if the archive is as others are.
    before: usize,
    stored: u64,
    size: u64,
    deflated: bool,
    checksum: u32,
}

impl Place {
    /// From the archive's directory, or why the member cannot be read.
    pub(crate) fn new(
        entry: &ZipFileEntry<'_>,
        length: u64,
    ) -> std::result::Result<Self, &'static str> {
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

    /// How many bytes the member has, uncompressed.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether it is compressed.
    pub(crate) fn is_deflated(&self) -> bool {
        self.deflated
    }

    /// Of its bytes, uncompressed.
    pub(crate) fn checksum(&self) -> u32 {
        self.checksum
    }

    /// Where in the archive it begins, as it is stored.
    pub(crate) fn start(&self, archive: &File, path: &Path) -> Result<u64> {
        let mut bytes = [0; LOCAL_HEADER];
        let read = read_at(archive, &mut bytes, self.header).map_err(at(path))?;
        Ok(self.header + header_length(&bytes[..read], path)? as u64)
    }

    /// The member's bytes, whose checksum is right.
    pub(crate) fn bytes(&self, archive: &File, path: &Path) -> Result<Vec<u8>> {
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
    pub(crate) fn beginning(&self, archive: &File, path: &Path, most: u64) -> Result<Vec<u8>> {
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
        let start = header_length(&bytes, path)?;
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

/// The length of what stands before a member's content, and begins with these bytes.
fn header_length(bytes: &[u8], path: &Path) -> Result<usize> {
    if !bytes.starts_with(b"PK\x03\x04") || bytes.len() < LOCAL_HEADER {
        return Err(Error::foreign(
            path,
            "not where the archive's directory says",
        ));
    }
    // The lengths of the name and of what else stands there.
    let lengths = [[bytes[26], bytes[27]], [bytes[28], bytes[29]]];
    let [name, rest] = lengths.map(u16::from_le_bytes).map(usize::from);
    Ok(LOCAL_HEADER + name + rest)
}

/// Reads until the buffer is full or the file ends.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
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
