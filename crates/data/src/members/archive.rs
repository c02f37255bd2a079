//! Files in a zip archive, read where they lie, by any number of threads.
//!
//! The archive's directory is read once; the members are not touched before they are asked for. EDM2's archives are not compressed,
//! those of other programs may be.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use zip::ZipArchive;

use super::{DESCRIPTION, Listing, Member, Members, NO_IMAGE, Place, is_candidate, skipped};
use crate::{
    Error, Result,
    error::{at, shown},
};

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
                size: place.size(),
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
