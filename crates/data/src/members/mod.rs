//! The files of a data set of many: which there are, and their bytes.

mod archive;
mod folder;
mod place;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use crate::{Result, Skipped, decode};

pub(crate) use archive::is_archive;
pub(crate) use place::{Place, read_at};

/// The file that gives each image its label.
pub(crate) const DESCRIPTION: &str = "dataset.json";

/// One file.
#[derive(Debug)]
pub(crate) struct Member {
    /// From the root on, its parts divided by `/`.
    pub(crate) name: Box<str>,
    /// In bytes, uncompressed.
    pub(crate) size: u64,
    /// Where it lies in an archive.
    place: Option<Place>,
}

/// All files of a data set that may be images, in the order of their names.
#[derive(Debug)]
pub(crate) struct Members {
    path: PathBuf,
    list: Vec<Member>,
    archive: Option<File>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) members: Members,
    /// The content of [`DESCRIPTION`].
    pub(crate) description: Option<Vec<u8>>,
    /// Whatever else there is.
    pub(crate) skipped: Vec<Skipped>,
}

impl Members {
    /// Lists an archive, or a folder and all folders in it.
    pub(crate) fn list(path: &Path) -> Result<Listing> {
        let mut listing = if path.is_dir() {
            folder::list(path)?
        } else {
            archive::list(path)?
        };
        let list = &mut listing.members.list;
        list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(listing)
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.list.iter()
    }

    /// One of them.
    pub(crate) fn get(&self, index: usize) -> &Member {
        &self.list[index]
    }

    /// What an error calls a file.
    pub(crate) fn path(&self, index: usize) -> PathBuf {
        self.path.join(&*self.list[index].name)
    }

    /// A file's bytes.
    pub(crate) fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        match (&self.archive, &self.list[index].place) {
            (Some(archive), Some(place)) => place.bytes(archive, &self.path(index)),
            _ => folder::bytes(&self.path(index), u64::MAX),
        }
    }

    /// A file's first bytes; more where they come unasked.
    pub(crate) fn beginning(&self, index: usize, most: u64) -> Result<Vec<u8>> {
        match (&self.archive, &self.list[index].place) {
            (Some(archive), Some(place)) => place.beginning(archive, &self.path(index), most),
            _ => folder::bytes(&self.path(index), most),
        }
    }

    /// What is known of a file's content without reading it.
    pub(crate) fn checksum(&self, index: usize) -> Option<u32> {
        Some(self.list[index].place.as_ref()?.checksum())
    }

    /// Forgets those for which `kept` is false.
    pub(crate) fn retain(&mut self, kept: &[bool]) {
        let mut kept = kept.iter();
        self.list.retain(|_| *kept.next().unwrap_or(&true));
    }
}

/// Whether a file of this name may be an image.
fn is_candidate(name: &str) -> bool {
    let ending = name
        .rsplit('/')
        .next()
        .and_then(|file| file.rsplit_once('.'));
    ending.is_some_and(|(_, ending)| {
        decode::ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

fn skipped(name: &str, reason: &str) -> Skipped {
    Skipped {
        path: PathBuf::from(name),
        reason: reason.to_owned(),
    }
}

/// Why a file is not even looked into.
const NO_IMAGE: &str =
    "not an image that can be read: its name does not end with .png, .jpg, .jpeg, .webp or .npy";
