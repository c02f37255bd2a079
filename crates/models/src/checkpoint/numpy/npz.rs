//! numpy's archives of arrays by name: zip archives whose members end in `.npy`, stored or deflated.

use std::{collections::BTreeMap, io::Read, sync::Arc};

use flate2::{Crc, read::DeflateDecoder};

use super::{
    super::{
        problem::{Found, Problem, shown},
        torch::Names,
        zipped::{self, Member},
    },
    array::{Array, Data},
    npy::Header,
};
use crate::{SourceFile, StoredTensor};

const ENDING: &str = ".npy";

/// What is compressed has to be in memory. The moments of the largest features take 100 MB.
const MOST_BYTES: u64 = 256 << 20;

/// Whether a zip archive begins with an array.
pub(in super::super) fn is_npz(bytes: &[u8]) -> bool {
    zipped::first_name(bytes).is_some_and(|name| name.ends_with(ENDING.as_bytes()))
}

/// The arrays of an archive.
#[derive(Debug)]
pub(in super::super) struct Npz<'a> {
    file: &'a Arc<SourceFile>,
    bytes: &'a [u8],
    members: BTreeMap<String, Member>,
    /// Bytes that may still be decompressed.
    left: u64,
}

impl<'a> Npz<'a> {
    /// Reads the list of members of the file with these bytes.
    pub(in super::super) fn read(file: &'a Arc<SourceFile>, bytes: &'a [u8]) -> Found<Self> {
        Ok(Self {
            file,
            bytes,
            members: zipped::members(bytes)?,
            left: MOST_BYTES,
        })
    }

    /// Whether there is an array of this name.
    pub(in super::super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(&format!("{name}{ENDING}"))
    }

    /// One array.
    pub(in super::super) fn array(&mut self, name: &str) -> Found<StoredTensor> {
        let read = match self.members.get(&format!("{name}{ENDING}")) {
            Some(member) => read(member, self.bytes, &mut self.left),
            None => Err(Problem::new("not in the archive")),
        };
        let tensor = read.and_then(|array| array.tensor(self.file, self.bytes));
        tensor.map_err(|problem| problem.at(&shown(name)))
    }

    /// All arrays by name.
    pub(in super::super) fn arrays(mut self) -> Found<BTreeMap<String, StoredTensor>> {
        let names = self.members.keys();
        let names = names.filter_map(|name| Some(name.strip_suffix(ENDING)?.to_owned()));
        let names: Vec<String> = names.collect();
        let mut arrays = Names::default();
        for name in names {
            arrays.insert(Names::join("", &name)?, self.array(&name)?)?;
        }
        Ok(arrays.tensors())
    }
}

fn read(member: &Member, bytes: &[u8], left: &mut u64) -> Found<Array> {
    let (header, data) = if member.deflated {
        let mut content = inflated(member, bytes, left)?;
        let header = Header::read(&content)?;
        content.drain(..header.start);
        (header, Data::Copied(content))
    } else {
        let range = member.range.clone();
        let header = Header::read(&bytes[range.clone()])?;
        let data = range.start + header.start..range.end;
        (header, Data::InFile(data))
    };
    Ok(Array {
        shape: header.shape,
        kind: header.kind,
        fortran: header.fortran,
        data,
    })
}

/// The content of a compressed member, which is no longer than announced and has the right checksum.
fn inflated(member: &Member, bytes: &[u8], left: &mut u64) -> Found<Vec<u8>> {
    *left = left.checked_sub(member.size).ok_or_else(|| {
        Problem::new(format!(
            "compressed, and larger than the {} MiB that are decompressed; numpy.savez writes the same plain",
            MOST_BYTES >> 20
        ))
    })?;
    let mut content = Vec::new();
    let decoder = DeflateDecoder::new(&bytes[member.range.clone()]);
    let read = decoder.take(member.size + 1).read_to_end(&mut content);
    let mut checksum = Crc::new();
    checksum.update(&content);
    if read.is_err() || content.len() as u64 != member.size || checksum.sum() != member.checksum {
        return Err(Problem::new("damaged in the archive"));
    }
    Ok(content)
}
