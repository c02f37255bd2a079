//! PyTorch's zip archives: a pickle, and each storage as a member of its own, stored as it is.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::Range,
};

use zip::{CompressionMethod, ZipArchive};

use super::super::problem::{Found, Problem, shown};

/// Where in the file the parts of an archive lie.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The pickle.
    pub(crate) object: Range<usize>,
    /// The storages by their keys.
    pub(crate) storages: BTreeMap<String, Range<u64>>,
}

impl Archive {
    /// Whether these bytes begin a zip archive.
    pub(crate) fn is_zip(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
    }

    /// Reads the list of members.
    pub(crate) fn read(bytes: &[u8]) -> Found<Self> {
        let members = members(bytes)?;
        let roots = members.keys().filter_map(|name| {
            let root = name.strip_suffix("data.pkl")?;
            (root.is_empty() || root.matches('/').count() == 1 && root.ends_with('/'))
                .then_some(root)
        });
        let roots: Vec<&str> = roots.collect();
        let [root] = roots.as_slice() else {
            return Err(Problem::new(
                "a zip archive that torch.save did not write: it has no data.pkl",
            ));
        };
        let member = |name: &str| members.get(&format!("{root}{name}"));
        if member("constants.pkl").is_some() {
            return Err(Problem::new(
                "a TorchScript program; only files of torch.save can be read",
            ));
        }
        if let Some(order) = member("byteorder")
            && bytes[order.clone()].trim_ascii() != b"little"
        {
            return Err(Problem::new("its numbers are not little-endian"));
        }
        let object = member("data.pkl").cloned().unwrap_or_default();
        let folder = format!("{root}data/");
        let storages = members.iter().filter_map(|(name, range)| {
            let key = name.strip_prefix(&folder)?;
            Some((key.to_owned(), range.start as u64..range.end as u64))
        });
        Ok(Self {
            object,
            storages: storages.collect(),
        })
    }
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

/// Names and places of all members.
fn members(bytes: &[u8]) -> Found<BTreeMap<String, Range<usize>>> {
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
        if member.compression() != CompressionMethod::Stored || member.encrypted() {
            return Err(Problem::new(format!(
                "member '{}' of the archive is compressed or encrypted, which torch.save does not do",
                shown(&name)
            )));
        }
        let start = member
            .data_start()
            .and_then(|start| usize::try_from(start).ok());
        let length = usize::try_from(member.size()).ok();
        let range = start.zip(length).and_then(|(start, length)| {
            let end = start.checked_add(length)?;
            (end <= bytes.len()).then_some(start..end)
        });
        let range = range.ok_or_else(|| {
            Problem::new(format!(
                "member '{}' of the archive reaches beyond its end",
                shown(&name)
            ))
        })?;
        members.insert(name, range);
    }
    Ok(members)
}
