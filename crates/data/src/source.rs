//! Where the images of a data set come from.

use std::path::Path;

use crate::{
    Error, Fit, Options, Result, Skipped, Split,
    collection::Collection,
    decode::Content,
    error::at,
    fingerprint::Fingerprint,
    idx::{self, Idx},
    labels::Labels,
    members,
    npz::Npz,
    picture::Picture,
};

/// Larger images are no training data.
const LARGEST_RESOLUTION: usize = 1 << 14;

/// One of the forms that data sets have.
#[derive(Debug)]
pub(crate) enum Source {
    Idx(Idx),
    Collection(Collection),
    Npz(Npz),
}

/// A source, and how its images are brought to one size.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) source: Source,
    /// `[height, width]`
    pub(crate) size: [usize; 2],
    pub(crate) fit: Fit,
    /// Of all of the source's images.
    pub(crate) labels: Option<Labels>,
    pub(crate) skipped: Vec<Skipped>,
}

/// Opens whatever a path leads to.
pub(crate) fn open(path: &Path, options: &Options) -> Result<Opened> {
    check(options)?;
    let metadata = path.metadata().map_err(at(path))?;
    if metadata.is_dir()
        && let Some(places) = idx::in_folder(path, options.split)?
    {
        return Idx::open(&places, options);
    }
    if options.split == Split::Test {
        let problem = "only a folder of IDX files has a test part; give the path of what is to be the test data";
        return Err(Error::Options(format!("{}: {problem}", path.display())));
    }
    let is_archive = !metadata.is_dir() && members::is_archive(path)?;
    if is_archive && let Some(opened) = Npz::open(path, options)? {
        return Ok(opened);
    }
    if metadata.is_dir() || is_archive {
        return Collection::open(path, options);
    }
    Idx::open(&idx::Places::beside(path), options)
}

/// Refuses what no data set can be.
fn check(options: &Options) -> Result<()> {
    let refuse = |problem: &str| Err(Error::Options(problem.to_owned()));
    if let Some(resolution) = options.resolution
        && !(1..=LARGEST_RESOLUTION).contains(&resolution)
    {
        return refuse(&format!(
            "a resolution of {resolution} is not allowed: it must be 1 to {LARGEST_RESOLUTION}"
        ));
    }
    if options.limit.is_some_and(|limit| limit.images == 0) {
        return refuse("a limit of 0 images leaves none");
    }
    if options.resolution.is_none() && options.fit.is_some_and(|fit| fit != Fit::Exact) {
        return refuse("a fit needs a resolution that images are brought to");
    }
    Ok(())
}

impl Source {
    /// How many images.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Idx(idx) => idx.count(),
            Self::Collection(collection) => collection.count(),
            Self::Npz(npz) => npz.count(),
        }
    }

    /// What they are made of.
    pub(crate) fn content(&self) -> Content {
        match self {
            Self::Idx(idx) => Content::Pixels(idx.channels()),
            Self::Collection(collection) => collection.content(),
            Self::Npz(npz) => Content::Pixels(npz.channels()),
        }
    }

    /// Reads an image of pixels.
    pub(crate) fn picture(&self, index: usize) -> Result<Picture<'_>> {
        match self {
            Self::Idx(idx) => Ok(idx.picture(index)),
            Self::Collection(collection) => collection.picture(index),
            Self::Npz(npz) => npz.picture(index),
        }
    }

    /// Reads an image's moments.
    pub(crate) fn moments(&self, index: usize, size: [usize; 2], out: &mut [f32]) -> Result<()> {
        match self {
            Self::Idx(_) | Self::Npz(_) => Err(self.changed(index, "pixels, no moments")),
            Self::Collection(collection) => collection.moments(index, size, out),
        }
    }

    /// What an image is called.
    pub(crate) fn name(&self, index: usize) -> String {
        match self {
            Self::Idx(_) | Self::Npz(_) => index.to_string(),
            Self::Collection(collection) => collection.name(index).to_owned(),
        }
    }

    /// The error of an image that is not what it was when the data set was opened.
    pub(crate) fn changed(&self, index: usize, problem: &str) -> Error {
        match self {
            Self::Idx(_) => Error::Request(format!("image {index}: {problem}")),
            Self::Collection(collection) => collection.foreign(index, problem),
            Self::Npz(npz) => npz.foreign(index, problem),
        }
    }

    /// Adds what some images are.
    pub(crate) fn add_to(&self, fingerprint: &mut Fingerprint, chosen: &[u32]) {
        match self {
            Self::Idx(idx) => {
                for &index in chosen {
                    fingerprint.bytes(&idx.picture(index as usize).bytes);
                }
            }
            Self::Collection(collection) => collection.add_to(fingerprint, chosen),
            Self::Npz(npz) => npz.add_to(fingerprint),
        }
    }
}
