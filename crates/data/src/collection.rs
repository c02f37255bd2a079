//! A data set of many files: which of them are its images, and what size they have.

use std::{
    collections::HashMap,
    hash::Hash,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    Error, Fit, Options, Result, Skipped,
    decode::{self, Content, Decoded, Head},
    error::shown,
    fingerprint::Fingerprint,
    labels::{self, Labels},
    members::{DESCRIPTION, Listing, Members},
    picture::{Channels, Picture},
    source::{Opened, Source},
};

/// Contents are part of a fingerprint up to this size; above it, names and sizes have to do.
const SMALL_BYTES: u64 = 64 << 20;

/// Headers are tried with so many bytes before the whole file is read.
const HEADER_BYTES: u64 = 1024;

/// The images of a folder or an archive.
#[derive(Debug)]
pub(crate) struct Collection {
    members: Members,
    content: Content,
}

impl Collection {
    /// Looks into all files of a folder or an archive.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Opened> {
        let listing = Members::list(path)?;
        if listing.members.count() == 0 {
            let problem = "no images here: neither PNG, JPEG, WebP or .npy files nor 'train-images-idx3-ubyte' or 't10k-images-idx3-ubyte'";
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
        let form = Form::new(path, &heads, options)?;
        let refused = heads.into_iter().map(|head| match head {
            Ok(head) => form.refuses(head),
            Err(problem) => Some(problem),
        });
        let refused: Vec<Option<String>> = refused.collect();
        let kept: Vec<bool> = refused.iter().map(Option::is_none).collect();
        for (member, reason) in members.iter().zip(refused) {
            let path = PathBuf::from(&*member.name);
            skipped.extend(reason.map(|reason| Skipped { path, reason }));
        }
        members.retain(&kept);
        if members.count() == 0 {
            return Err(none_left(path, kept.len(), &skipped));
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        let content = form.content;
        Ok(Opened {
            source: Source::Collection(Self { members, content }),
            size: form.size,
            fit: form.fit,
            labels: labels.map(|labels| labels.retain(&kept)),
            skipped,
        })
    }

    /// How many images.
    pub(crate) fn count(&self) -> usize {
        self.members.count()
    }

    /// What they are made of.
    pub(crate) fn content(&self) -> Content {
        self.content
    }

    /// Reads an image, in grey or in colours as the whole set is.
    pub(crate) fn picture(&self, index: usize) -> Result<Picture<'static>> {
        let picture = decode::picture(&self.members.bytes(index)?);
        let picture = picture.map_err(|problem| self.foreign(index, &problem))?;
        Ok(match self.content {
            Content::Pixels(channels) => picture.with_channels(channels),
            Content::Moments { .. } => picture,
        })
    }

    /// Reads an image's moments, of this height and width.
    pub(crate) fn moments(
        &self,
        index: usize,
        [height, width]: [usize; 2],
        out: &mut [f32],
    ) -> Result<()> {
        let head = Head {
            height,
            width,
            content: self.content,
        };
        let read = decode::moments(&self.members.bytes(index)?, head, out);
        read.map_err(|problem| self.foreign(index, &problem))
    }

    /// The file of an image.
    pub(crate) fn name(&self, index: usize) -> &str {
        &self.members.get(index).name
    }

    /// An error about one of the files.
    pub(crate) fn foreign(&self, index: usize, problem: &str) -> Error {
        Error::foreign(&self.members.path(index), problem)
    }

    /// Adds the names and sizes of some images, and their contents if these are small or known by a checksum. A file that cannot be read
    /// any more has changed.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint, chosen: &[u32]) {
        let total: u64 = self.members.iter().map(|member| member.size).sum();
        for index in chosen.iter().map(|&index| index as usize) {
            let member = self.members.get(index);
            fingerprint.bytes(member.name.as_bytes());
            fingerprint.number(member.size);
            if let Some(checksum) = self.members.checksum(index) {
                fingerprint.number(u64::from(checksum));
            } else if total <= SMALL_BYTES {
                fingerprint.bytes(&self.members.bytes(index).unwrap_or_default());
            }
        }
    }
}

/// What the images of a collection have in common.
struct Form {
    content: Content,
    size: [usize; 2],
    fit: Fit,
}

impl Form {
    /// From what the files say that they are.
    fn new(path: &Path, heads: &[Decoded<Head>], options: &Options) -> Result<Self> {
        let known = || heads.iter().filter_map(|head| head.as_ref().ok());
        let latents = known().filter(|head| matches!(head.content, Content::Moments { .. }));
        let (latents, count) = (latents.count(), known().count());
        if latents == 0 {
            return Ok(Self::of_pixels(known().copied(), options));
        }
        if latents < count {
            let pixels = count - latents;
            let problem = format!(
                "{latents} files of latents and {pixels} of pixels; a data set has one kind"
            );
            return Err(Error::foreign(path, problem));
        }
        let Some(head) = most_frequent(known().copied()) else {
            return Ok(Self::of_pixels([].into_iter(), options));
        };
        let size = [head.height, head.width];
        let other = options.resolution.is_some_and(|side| size != [side, side]);
        if other || options.fit.is_some_and(|fit| fit != Fit::Exact) {
            let problem = format!(
                "{}: {head}, which cannot be brought to another size",
                path.display()
            );
            return Err(Error::Options(problem));
        }
        Ok(Self {
            content: head.content,
            size,
            fit: Fit::Exact,
        })
    }

    fn of_pixels(heads: impl Iterator<Item = Head> + Clone, options: &Options) -> Self {
        let grey = |head: &Head| head.content == Content::Pixels(Channels::Grey);
        let mostly_grey = 2 * heads.clone().filter(grey).count() > heads.clone().count();
        let common = most_frequent(heads.map(|head| [head.height, head.width]));
        Self {
            content: Content::Pixels(if mostly_grey {
                Channels::Grey
            } else {
                Channels::Colour
            }),
            size: options
                .resolution
                .map_or(common.unwrap_or_default(), |side| [side, side]),
            fit: options.fit.unwrap_or(Fit::Exact),
        }
    }

    /// Why a file is not one of the images, if it is not.
    fn refuses(&self, head: Head) -> Option<String> {
        if matches!(head.content, Content::Pixels(_)) {
            return self.fit.refuses([head.height, head.width], self.size);
        }
        let [height, width] = self.size;
        let wanted = Head {
            height,
            width,
            content: self.content,
        };
        (head != wanted).then(|| format!("{head} where {wanted} are needed"))
    }
}

/// The labels of all files, whether they can be used or not: a class does not go because its images do.
fn labels(path: &Path, listing: &Listing) -> Result<Option<Labels>> {
    let members = listing.members.iter();
    let names: Vec<&str> = members.map(|member| &*member.name).collect();
    match &listing.description {
        Some(text) => labels::from_description(&path.join(DESCRIPTION), text, &names),
        None => Ok(labels::from_folders(&names)),
    }
}

/// What the files say that they are, or what is wrong with them. An error is one of the disk.
fn heads(members: &Members) -> Result<Vec<Decoded<Head>>> {
    let heads = (0..members.count()).into_par_iter();
    let heads = heads.map(|index| match head(members, index) {
        Ok(head) => Ok(Ok(head)),
        Err(Error::Foreign { problem, .. }) => Ok(Err(problem)),
        Err(error) => Err(error),
    });
    heads.collect()
}

fn head(members: &Members, index: usize) -> Result<Head> {
    let size = members.get(index).size;
    let wrong = |problem| Error::foreign(&members.path(index), problem);
    let read = |bytes: Vec<u8>| decode::head(&bytes, size).map_err(wrong);
    let mut head = members.beginning(index, HEADER_BYTES).and_then(read);
    if head.is_err() && size > HEADER_BYTES {
        head = members.bytes(index).and_then(read);
    }
    head
}

/// The most frequent one, and of several the one that came first.
fn most_frequent<T: Hash + Eq + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: HashMap<T, (usize, usize)> = HashMap::new();
    for (place, value) in values.enumerate() {
        counts.entry(value).or_insert((0, usize::MAX - place)).0 += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(value, _)| value)
}

/// No file can be used: the first one serves as the example.
fn none_left(path: &Path, count: usize, skipped: &[Skipped]) -> Error {
    let example = skipped.get(skipped.len().saturating_sub(count));
    let example = example.map_or_else(String::new, |skipped| {
        let name = skipped.path.to_string_lossy();
        format!("; '{}': {}", shown(&name), skipped.reason)
    });
    Error::foreign(
        path,
        format!("none of its {count} images can be used{example}"),
    )
}
