//! Files in a folder and its folders.

use std::{
    fs::{self, DirEntry, File},
    io::Read,
    path::Path,
};

use super::{DESCRIPTION, Listing, Member, Members, NO_IMAGE, is_candidate, skipped};
use crate::{Result, error::at};

/// Lists a folder. Links to files are followed, links to folders are not: they may lead in circles.
pub(super) fn list(root: &Path) -> Result<Listing> {
    let mut listing = Listing {
        members: Members {
            path: root.to_owned(),
            list: Vec::new(),
            archive: None,
        },
        description: None,
        skipped: Vec::new(),
    };
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in fs::read_dir(&path).map_err(at(&path))? {
            let entry = entry.map_err(at(&path))?;
            if let Some(inner) = add(&entry, &folder, &mut listing)? {
                folders.push(inner);
            }
        }
    }
    Ok(listing)
}

/// Puts a file where it belongs, or gives back the folder that it is.
fn add(entry: &DirEntry, folder: &str, listing: &mut Listing) -> Result<Option<String>> {
    let path = entry.path();
    let file_name = entry.file_name();
    let Some(file_name) = file_name.to_str() else {
        let name = format!("{folder}{}", file_name.to_string_lossy());
        listing
            .skipped
            .push(skipped(&name, "its name is not Unicode"));
        return Ok(None);
    };
    let name = format!("{folder}{file_name}");
    let kind = entry.file_type().map_err(at(&path))?;
    if kind.is_dir() {
        return Ok(Some(format!("{name}/")));
    }
    let metadata = match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => {
            let reason = "a link to a folder or a special file, which is not followed";
            listing.skipped.push(skipped(&name, reason));
            return Ok(None);
        }
        Err(error) => {
            listing.skipped.push(skipped(&name, &error.to_string()));
            return Ok(None);
        }
    };
    if name == DESCRIPTION {
        listing.description = Some(fs::read(&path).map_err(at(&path))?);
    } else if is_candidate(&name) {
        listing.members.list.push(Member {
            name: name.into(),
            size: metadata.len(),
            place: None,
        });
    } else {
        listing.skipped.push(skipped(&name, NO_IMAGE));
    }
    Ok(None)
}

/// The first bytes of a file, or all.
pub(super) fn bytes(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(at(path))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(at(path))?;
    Ok(bytes)
}
