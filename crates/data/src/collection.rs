//! A data set of many files: which of them are its images, and what size they have.

use std::{
    collections::HashMap,
    hash::Hash,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    Error, Fit, Options, Result, Skipped,
    decode::{self, Head},
    error::shown,
    fingerprint::Fingerprint,
    labels::{self, Labels},
    members::{DESCRIPTION, Listing, Members},
    picture::{Channels, Picture},
};

/// Contents are part of a fingerprint up to this size; above it, names and sizes have to do.
const SMALL_BYTES: u64 = 64 << 20;

/// Headers are tried with so many bytes before the whole file is read.
const HEADER_BYTES: u64 = 4096;

/// The images of a folder.
#[derive(Debug)]
pub(crate) struct Collection {
    members: Members,
    channels: Channels,
}

/// What was found.
pub(crate) struct Opened {
    pub(crate) collection: Collection,
    /// `[height, width]`
    pub(crate) size: [usize; 2],
    pub(crate) fit: Fit,
    pub(crate) labels: Option<Labels>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Collection {
    /// Looks into all files of a folder.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Opened> {
        let listing = Members::list(path)?;
        if listing.members.count() == 0 {
            let problem = "no images here: neither PNG, JPEG or WebP files nor 'train-images-idx3-ubyte' or 't10k-images-idx3-ubyte'";
            return Err(Error::foreign(path, problem));
        }
        if u32::try_from(listing.members.count()).is_err() {
            return Err(Error::foreign(path, "more files than can be counted"));
        }
        let labels = labels(path, &listing)?;
        let Listing {
            mut members,
            mut skipped,
            ..
        } = listing;
        let heads = heads(&members)?;
        let known = || heads.iter().filter_map(|head| head.as_ref().ok());
        let common = most_frequent(known().map(|head| [head.height, head.width]));
        let size = options.resolution.map(|side| [side, side]).or(common);
        let grey = known().filter(|head| head.channels == Channels::Grey);
        let grey = 2 * grey.count() > known().count();
        let channels = if grey {
            Channels::Grey
        } else {
            Channels::Colour
        };
        let size = size.unwrap_or_default();
        let fit = options.fit.unwrap_or(Fit::Exact);
        let mut kept = vec![true; heads.len()];
        for (index, head) in heads.into_iter().enumerate() {
            let problem = match head {
                Ok(head) => fit.refuses([head.height, head.width], size),
                Err(problem) => Some(problem),
            };
            if let Some(reason) = problem {
                let path = PathBuf::from(&*members.get(index).name);
                skipped.push(Skipped { path, reason });
                kept[index] = false;
            }
        }
        members.retain(&kept);
        if members.count() == 0 {
            return Err(none_left(path, kept.len(), &skipped));
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Opened {
            collection: Self { members, channels },
            size,
            fit,
            labels: labels.map(|labels| labels.retain(&kept)),
            skipped,
        })
    }

    /// How many images.
    pub(crate) fn count(&self) -> usize {
        self.members.count()
    }

    /// How many channels.
    pub(crate) fn channels(&self) -> usize {
        self.channels.count()
    }

    /// Reads an image, in grey or in colours as the whole set is.
    pub(crate) fn picture(&self, index: usize) -> Result<Picture<'static>> {
        let picture = decode::picture(&self.members.bytes(index)?);
        let picture = picture.map_err(|problem| self.foreign(index, &problem))?;
        Ok(picture.with_channels(self.channels))
    }

    /// The file of an image.
    pub(crate) fn name(&self, index: usize) -> &str {
        &self.members.get(index).name
    }

    /// An error about one of the files.
    pub(crate) fn foreign(&self, index: usize, problem: &str) -> Error {
        Error::foreign(&self.members.path(index), problem)
    }

    /// Adds the names and sizes of some images, and their contents if these are small. A file that cannot be read any more has changed.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint, chosen: &[u32]) {
        let total: u64 = self.members.iter().map(|member| member.size).sum();
        for &index in chosen {
            let member = self.members.get(index as usize);
            fingerprint.bytes(member.name.as_bytes());
            fingerprint.number(member.size);
            if total <= SMALL_BYTES {
                let bytes = self.members.bytes(index as usize);
                fingerprint.bytes(&bytes.unwrap_or_default());
            }
        }
    }
}

/// The labels of all files, whether they can be used or not: a class does not go because its images do.
fn labels(path: &Path, listing: &Listing) -> Result<Option<Labels>> {
    let names: Vec<&str> = listing.members.iter().map(|member| &*member.name).collect();
    match &listing.description {
        Some(text) => labels::from_description(&path.join(DESCRIPTION), text, &names),
        None => Ok(labels::from_folders(&names)),
    }
}

/// What the files say that they are, or what is wrong with them. An error is one of the disk.
fn heads(members: &Members) -> Result<Vec<decode::Decoded<Head>>> {
    let head = |index: usize| {
        let beginning = members.beginning(index, HEADER_BYTES)?;
        let head = decode::head(&beginning);
        if head.is_ok() || (beginning.len() as u64) < HEADER_BYTES {
            return Ok(head);
        }
        Ok(decode::head(&members.bytes(index)?))
    };
    let heads = (0..members.count()).into_par_iter().map(head);
    heads.collect()
}

/// The most frequent one, and of several the one that came first.
fn most_frequent<T: Hash + Eq + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: HashMap<T, (usize, usize)> = HashMap::new();
    for (place, value) in values.enumerate() {
        counts.entry(value).or_insert((0, usize::MAX - place)).0 += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(value, _)| value)
}

/// No file can be used: the first one serves as the example.
fn none_left(path: &Path, count: usize, skipped: &[Skipped]) -> Error {
    let example = skipped.get(skipped.len().saturating_sub(count));
    let example = example.map_or_else(String::new, |skipped| {
        format!(
            "; '{}': {}",
            shown(&skipped.path.to_string_lossy()),
            skipped.reason
        )
    });
    Error::foreign(
        path,
        format!("none of its {count} images can be used{example}"),
    )
}
