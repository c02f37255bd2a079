//! Images and labels in the format of MNIST, which its successors share: an array of bytes behind its sizes, often under gzip.
//!
//! Such sets are small, and a compressed one cannot be read in parts, so that they are kept in memory.

mod array;
mod places;

use std::{borrow::Cow, path::Path};

pub(crate) use places::{Places, in_folder};

use crate::{
    Error, Fit, Options, Result,
    labels::Labels,
    picture::{Channels, Picture},
    source::{Opened, Source},
};

/// The images of one file and their labels.
#[derive(Debug)]
pub(crate) struct Idx {
    bytes: Vec<u8>,
    height: usize,
    width: usize,
    channels: Channels,
    labels: Option<Vec<u8>>,
}

impl Idx {
    /// Reads a pair of files, whose images are brought to a size.
    pub(crate) fn open(places: &Places, options: &Options) -> Result<Opened> {
        let source = Self::read(places)?;
        let own = [source.height, source.width];
        let size = options.resolution.map_or(own, |side| [side, side]);
        let larger = size.iter().zip(own).all(|(wanted, own)| *wanted >= own);
        let default = if larger { Fit::Pad } else { Fit::Exact };
        let fit = options.fit.unwrap_or(default);
        fit.check(&places.images, own, size)?;
        let labels = source.labels.as_deref().map(Labels::from_bytes);
        Ok(Opened {
            source: Source::Idx(source),
            size,
            fit,
            labels,
            skipped: Vec::new(),
        })
    }

    fn read(places: &Places) -> Result<Self> {
        let path = &places.images;
        let array = array::read(path)?;
        let wrong = |problem: String| Err(Error::foreign(path, problem));
        let (count, height, width, channels) = match *array.sizes.as_slice() {
            [count, height, width] | [count, height, width, 1] => {
                (count, height, width, Channels::Grey)
            }
            [count, height, width, 3] => (count, height, width, Channels::Colour),
            ref sizes => {
                return wrong(format!(
                    "its numbers are {}, not images [count, height, width] or [count, height, width, 3]",
                    array::shown(sizes)
                ));
            }
        };
        if array.bytes.is_empty() {
            return wrong("no images".to_owned());
        }
        if u32::try_from(count).is_err() {
            return wrong(format!("{count} images are more than can be read"));
        }
        let labels = places.labels.as_deref();
        Ok(Self {
            bytes: array.bytes,
            height,
            width,
            channels,
            labels: labels.map(|path| labels_of(path, count)).transpose()?,
        })
    }

    /// What a pixel is made of.
    pub(crate) fn channels(&self) -> Channels {
        self.channels
    }

    /// How many images.
    pub(crate) fn count(&self) -> usize {
        self.bytes.len() / self.stride()
    }

    /// One image.
    pub(crate) fn picture(&self, index: usize) -> Picture<'_> {
        let start = index * self.stride();
        Picture {
            height: self.height,
            width: self.width,
            channels: self.channels,
            bytes: Cow::Borrowed(&self.bytes[start..start + self.stride()]),
        }
    }

    fn stride(&self) -> usize {
        self.height * self.width * self.channels.count()
    }
}

fn labels_of(path: &Path, images: usize) -> Result<Vec<u8>> {
    let array = array::read(path)?;
    let [count] = *array.sizes.as_slice() else {
        let sizes = array::shown(&array.sizes);
        let problem = format!("its numbers are {sizes}, not a list of labels");
        return Err(Error::foreign(path, problem));
    };
    if count != images {
        let problem = format!("{count} labels for {images} images");
        return Err(Error::foreign(path, problem));
    }
    Ok(array.bytes)
}
