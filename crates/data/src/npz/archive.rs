//! Which members of a zip archive are arrays of images and labels.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use zip::ZipArchive;

use crate::{
    Error, Result,
    error::{at, shown},
    members::Place,
    npy::HEADER_BYTES,
};

const IMAGES: &str = "arr_0.npy";
const LABELS: &str = "arr_1.npy";

/// What is compressed, and for memory.
const MOST_BYTES: u64 = 1 << 30;

/// An archive whose directory has been read.
pub(super) struct Archive {
    pub(super) file: File,
    pub(super) images: Found,
    pub(super) labels: Option<Found>,
}

/// One member.
pub(super) struct Found {
    /// What an error calls it.
    pub(super) path: PathBuf,
    pub(super) place: Place,
}

impl Archive {
    /// Opens a zip archive; none if it does not begin with an array at its root, or has no images.
    ///
    /// EDM2's archives of latents have a million arrays in folders: their directory is not read twice.
    pub(super) fn open(path: &Path) -> Result<Option<Self>> {
        let file = File::open(path).map_err(at(path))?;
        if !begins_with_array(&file).map_err(at(path))? {
            return Ok(None);
        }
        let length = file.metadata().map_err(at(path))?.len();
        let damaged = |error: zip::result::ZipError| {
            let problem = format!("damaged zip archive: {}", shown(&error.to_string()));
            Error::foreign(path, problem)
        };
        let directory = BufReader::new(&file);
        let directory = ZipArchive::new(directory).map_err(damaged)?;
        let (mut images, mut labels) = (None, None);
        for index in 0..directory.len() {
            let entry = directory.by_index_data(index).map_err(damaged)?;
            let (name, found) = match entry.name_raw() {
                name if name == IMAGES.as_bytes() => (IMAGES, &mut images),
                name if name == LABELS.as_bytes() => (LABELS, &mut labels),
                _ => continue,
            };
            let path = path.join(name);
            let place = Place::new(&entry, length);
            let place = place.map_err(|reason| Error::foreign(&path, reason))?;
            *found = Some(Found { path, place });
        }
        drop(directory);
        Ok(images.map(|images| Self {
            file,
            images,
            labels,
        }))
    }

    /// A member's first bytes, or all where it is compressed.
    pub(super) fn beginning(&self, member: &Found) -> Result<Vec<u8>> {
        if member.place.is_deflated() {
            return self.content(member);
        }
        let Found { path, place } = member;
        place.beginning(&self.file, path, HEADER_BYTES)
    }

    /// All of a member, if it is for memory.
    pub(super) fn content(&self, member: &Found) -> Result<Vec<u8>> {
        let Found { path, place } = member;
        if place.is_deflated() && place.size() > MOST_BYTES {
            let problem = format!(
                "compressed, and larger than the {} GiB that are decompressed; numpy.savez writes the same plain",
                MOST_BYTES >> 30
            );
            return Err(Error::foreign(path, problem));
        }
        place.bytes(&self.file, path)
    }
}

/// Whether the first member of an archive is an array, and in no folder.
fn begins_with_array(file: &File) -> std::io::Result<bool> {
    /// The fixed part of what stands before a member's name.
    const HEADER: usize = 30;
    let mut start = Vec::new();
    file.take(256).read_to_end(&mut start)?;
    let length = start
        .get(26..28)
        .map(|length| usize::from(u16::from_le_bytes([length[0], length[1]])));
    let name = length.and_then(|length| start.get(HEADER..HEADER + length));
    Ok(name.is_some_and(|name| name.ends_with(b".npy") && !name.contains(&b'/')))
}
