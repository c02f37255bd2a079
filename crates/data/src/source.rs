//! Where the images of a data set come from.

use crate::{
    Error, Result, collection::Collection, fingerprint::Fingerprint, idx::Idx, picture::Picture,
};

/// One of the forms that data sets have.
#[derive(Debug)]
pub(crate) enum Source {
    Idx(Idx),
    Collection(Collection),
}

impl Source {
    /// How many images.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Idx(idx) => idx.count(),
            Self::Collection(collection) => collection.count(),
        }
    }

    /// How many channels.
    pub(crate) fn channels(&self) -> usize {
        match self {
            Self::Idx(idx) => idx.channels(),
            Self::Collection(collection) => collection.channels(),
        }
    }

    /// Reads an image.
    pub(crate) fn picture(&self, index: usize) -> Result<Picture<'_>> {
        match self {
            Self::Idx(idx) => Ok(idx.picture(index)),
            Self::Collection(collection) => collection.picture(index),
        }
    }

    /// What an image is called.
    pub(crate) fn name(&self, index: usize) -> String {
        match self {
            Self::Idx(_) => index.to_string(),
            Self::Collection(collection) => collection.name(index).to_owned(),
        }
    }

    /// The error of an image that is not what it was when the data set was opened.
    pub(crate) fn changed(&self, index: usize, problem: &str) -> Error {
        match self {
            Self::Idx(_) => Error::Request(problem.to_owned()),
            Self::Collection(collection) => collection.foreign(index, problem),
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
        }
    }
}
