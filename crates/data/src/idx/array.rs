//! The format itself: two zeros, a type, how many sizes, the sizes as big-endian words, then the numbers.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result, error::at};

/// More than this is no small set, and not for memory.
const MOST_BYTES: u64 = 4 << 30;

/// Deflate makes at most so many bytes of one.
const MOST_EXPANSION: u64 = 1032;

/// Bytes with their sizes, which agree.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) sizes: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

/// Reads a file, compressed or not. No more memory is taken than the file's own length warrants, whatever its header says.
pub(super) fn read(path: &Path) -> Result<Array> {
    let mut file = File::open(path).map_err(at(path))?;
    let stored = file.metadata().map_err(at(path))?.len();
    let mut start = Vec::new();
    let read = file.by_ref().take(2).read_to_end(&mut start);
    read.and_then(|_| file.rewind()).map_err(at(path))?;
    if start == [0x1F, 0x8B] {
        let decoder = MultiGzDecoder::new(BufReader::new(file));
        body(path, decoder, stored.saturating_mul(MOST_EXPANSION))
    } else {
        body(path, file, stored)
    }
}

/// Reads what may hold so many bytes.
fn body(path: &Path, mut input: impl Read, available: u64) -> Result<Array> {
    let failed = |error: io::Error| failure(path, error);
    let wrong = |problem: String| Error::foreign(path, problem);
    let sizes = sizes(path, &mut input)?;
    let length = sizes
        .iter()
        .try_fold(1_u64, |length, &size| length.checked_mul(u64::from(size)));
    let sizes: Vec<usize> = sizes.into_iter().map(|size| size as usize).collect();
    let length = length
        .filter(|&length| length <= MOST_BYTES)
        .ok_or_else(|| {
            wrong(format!(
                "its header announces {}; more than {} GiB are not read from one file",
                shown(&sizes),
                MOST_BYTES >> 30
            ))
        })?;
    let announced = format!(
        "its header announces {} bytes ({length} in all)",
        shown(&sizes)
    );
    let header = 4 + 4 * sizes.len() as u64;
    if length > available.saturating_sub(header) {
        return Err(wrong(format!("{announced}, more than the file can hold")));
    }
    let mut bytes = Vec::with_capacity(length.min(1 << 26) as usize);
    let read = input.by_ref().take(length).read_to_end(&mut bytes);
    read.map_err(failed)?;
    if (bytes.len() as u64) < length {
        let found = bytes.len();
        return Err(wrong(format!("{announced}, and only {found} are there")));
    }
    // The end of a compressed file has its checksum.
    if input.read(&mut [0]).map_err(failed)? != 0 {
        let problem = format!("longer than the {} bytes of its header", shown(&sizes));
        return Err(wrong(problem));
    }
    Ok(Array { sizes, bytes })
}

fn sizes(path: &Path, input: &mut impl Read) -> Result<Vec<u32>> {
    let mut word = || -> Result<[u8; 4]> {
        let mut word = [0; 4];
        match input.read_exact(&mut word) {
            Ok(()) => Ok(word),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Error::foreign(path, "ends in the middle of its header"))
            }
            Err(error) => Err(failure(path, error)),
        }
    };
    match word()? {
        [0, 0, 8, dimensions @ 1..=4] => (0..dimensions)
            .map(|_| word().map(u32::from_be_bytes))
            .collect(),
        [0, 0, 9 | 11..=14, 1..=4] => Err(Error::foreign(
            path,
            "an IDX file whose numbers are not bytes; only bytes are read",
        )),
        _ => Err(Error::foreign(
            path,
            "not an IDX file, and no zip archive either",
        )),
    }
}

/// Damage of the compression is a property of the file, not of the disk.
fn failure(path: &Path, error: io::Error) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof => {
            Error::foreign(path, format!("damaged gzip file: {error}"))
        }
        _ => at(path)(error),
    }
}

/// `60000 × 28 × 28`
pub(super) fn shown(sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    sizes.join(" × ")
}
