//! PyTorch's older format, a stream of five pickles and the storages' bytes. Files of PyTorch before 1.6 are one; NVIDIA's
//! network pickles hold one for each tensor.

use std::{collections::BTreeMap, ops::Range};

use super::{
    super::{
        pickle::Pickle,
        problem::{Found, Problem, shown},
    },
    storage::Reference,
};

/// The first pickle of a stream.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: i64 = 1001;

/// Whether these bytes begin such a stream.
pub(crate) fn is_stream(bytes: &[u8]) -> bool {
    // Protocol 2, then LONG1 with its length.
    bytes
        .strip_prefix(&[0x80, 2, 0x8a, 10])
        .is_some_and(|rest| rest.starts_with(&MAGIC))
}

/// A stream that has been read, but for its storages' numbers.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    pub(crate) object: Pickle<'a>,
    /// Where in the file each storage lies, by its key.
    pub(crate) storages: BTreeMap<String, Range<u64>>,
}

impl<'a> Stream<'a> {
    /// Reads the stream in `range` of a file, its object with about `memory` bytes of memory.
    pub(crate) fn read(bytes: &'a [u8], range: Range<usize>, memory: usize) -> Found<Self> {
        let damaged = |what: &str| Problem::new(format!("damaged torch stream: {what}"));
        let header = |start| Pickle::read(bytes, start..range.end, Pickle::SMALL);
        let magic = header(range.start)?;
        if magic.root().long_integer() != Some(&MAGIC) {
            return Err(damaged("it does not begin as one"));
        }
        let version = header(magic.end())?;
        if version.root().integer() != Some(VERSION) {
            return Err(damaged("its version is not 1001"));
        }
        let system = header(version.end())?;
        if system
            .root()
            .get("little_endian")
            .and_then(super::super::pickle::Node::boolean)
            != Some(true)
        {
            return Err(damaged("its numbers are not little-endian"));
        }
        let object = Pickle::read(bytes, system.end()..range.end, memory)?;
        let keys = Pickle::read(bytes, object.end()..range.end, memory)?;
        let storages = storages(bytes, keys.end()..range.end, &object, &keys)?;
        Ok(Self { object, storages })
    }
}

/// Finds the storages, which follow each other in the order of their keys, each after its count.
fn storages(
    bytes: &[u8],
    range: Range<usize>,
    object: &Pickle<'_>,
    keys: &Pickle<'_>,
) -> Found<BTreeMap<String, Range<u64>>> {
    let references = object.nodes().filter_map(|node| Reference::new(node).ok());
    let references: BTreeMap<&str, Reference<'_>> = references
        .map(|reference| (reference.key, reference))
        .collect();
    let damaged = |what: String| Problem::new(format!("damaged torch stream: {what}"));
    let keys = keys.root().elements();
    let keys = keys.ok_or_else(|| damaged("it has no list of storages".into()))?;
    let mut storages = BTreeMap::new();
    let mut position = range.start;
    for key in keys {
        let key = key.text().unwrap_or_default();
        let reference = references
            .get(key)
            .ok_or_else(|| damaged(format!("storage '{}' is of no known type", shown(key))))?;
        let short = || {
            damaged(format!(
                "storage '{}' should have {} numbers and the file ends before",
                shown(key),
                reference.count
            ))
        };
        let count = bytes[position..range.end].first_chunk().ok_or_else(short)?;
        if u64::from_le_bytes(*count) != reference.count {
            return Err(damaged(format!(
                "storage '{}' has two different lengths",
                shown(key)
            )));
        }
        position += 8;
        let length = usize::try_from(reference.length()?).map_err(|_| short())?;
        if length > range.end - position {
            return Err(short());
        }
        let end = position + length;
        storages.insert(key.to_owned(), position as u64..end as u64);
        position = end;
    }
    Ok(storages)
}
