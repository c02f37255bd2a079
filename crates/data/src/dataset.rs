//! A set of images as training sees it, wherever they lie.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Error, Flip, Options, Order, Result,
    decode::Content,
    fingerprint::Fingerprint,
    source::{self, Opened},
};

/// What a data set is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Images of 8 bits.
    Pixels,
    /// Means and standard deviations of an autoencoder's latents.
    Moments,
}

/// A file that is not among the images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Which file, inside of its folder or archive.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// A set of images as training sees it. Clones share everything.
#[derive(Debug, Clone)]
pub struct Dataset {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    opened: Opened,
    /// The source's numbers of the images, in ascending order.
    chosen: Vec<u32>,
    count: NonZeroU32,
}

impl Dataset {
    /// Opens an IDX file of images with its labels beside it, a folder of such files, an archive of numpy's with images in `arr_0` and
    /// labels in `arr_1`, or a folder or a zip archive of images or of moments.
    ///
    /// The images of a folder or an archive have one size, the options' or the most frequent one, and are grey if most of its files are;
    /// others are converted, or skipped where their size does not fit. Labels are those of its `dataset.json`, or else its folders, by
    /// name.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let opened = source::open(path, options)?;
        let all = u32::try_from(opened.source.count()).unwrap_or(u32::MAX);
        let limit = options.limit;
        let chosen = limit.map_or_else(|| (0..all).collect(), |limit| limit.choose(all));
        let count = u32::try_from(chosen.len()).ok().and_then(NonZeroU32::new);
        let count = count.ok_or_else(|| Error::foreign(path, "no images"))?;
        let parts = Parts {
            opened,
            chosen,
            count,
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    /// How many images; at least one.
    #[expect(clippy::len_without_is_empty, reason = "a data set is never empty")]
    pub fn len(&self) -> usize {
        self.parts.chosen.len()
    }

    /// What the data set is made of.
    pub fn kind(&self) -> Kind {
        match self.parts.opened.source.content() {
            Content::Pixels(_) => Kind::Pixels,
            Content::Moments { .. } => Kind::Moments,
        }
    }

    /// `[channels, height, width]` of an image as training sees it; of moments the latent's, which has half their channels.
    pub fn shape(&self) -> [usize; 3] {
        let [height, width] = self.parts.opened.size;
        let channels = self.parts.opened.source.content().channels();
        [channels, height, width]
    }

    /// How many classes there are, one more than the largest label of the whole set; 0 if images have no labels.
    pub fn classes(&self) -> usize {
        let labels = self.parts.opened.labels.as_ref();
        labels.map_or(0, |labels| labels.classes)
    }

    /// The class of an image.
    pub fn label(&self, index: usize) -> Option<u32> {
        let labels = self.parts.opened.labels.as_ref()?;
        let source = *self.parts.chosen.get(index)?;
        labels.of.get(source as usize).copied()
    }

    /// The name of a class, where classes have names.
    pub fn class_name(&self, class: u32) -> Option<&str> {
        let labels = self.parts.opened.labels.as_ref()?;
        labels.names.get(class as usize).map(String::as_str)
    }

    /// What an image is called: its file, or its number.
    pub fn name(&self, index: usize) -> Option<String> {
        let source = *self.parts.chosen.get(index)?;
        Some(self.parts.opened.source.name(source as usize))
    }

    /// The order in which a run of this seed sees the images.
    pub fn order(&self, seed: u64) -> Order {
        Order::new(self.parts.count, seed)
    }

    /// Reads an image into `[channels, height, width]`.
    pub fn pixels(&self, index: usize, flip: Flip, out: &mut [u8]) -> Result<()> {
        let source = self.request(index, Kind::Pixels, out.len())?;
        let opened = &self.parts.opened;
        let picture = opened.source.picture(source)?;
        let size = [picture.height, picture.width];
        if let Some(problem) = opened.fit.refuses(size, opened.size) {
            return Err(opened.source.changed(source, &problem));
        }
        opened.fit.place(&picture, opened.size, flip, out);
        Ok(())
    }

    /// Reads an image's moments into `[2 × channels, height, width]`, means before standard deviations. A mirrored latent is only
    /// nearly the latent of a mirrored image.
    pub fn moments(&self, index: usize, flip: Flip, out: &mut [f32]) -> Result<()> {
        let source = self.request(index, Kind::Moments, out.len())?;
        let size = self.parts.opened.size;
        self.parts.opened.source.moments(source, size, out)?;
        if flip == Flip::Horizontal {
            out.chunks_exact_mut(size[1]).for_each(<[f32]>::reverse);
        }
        Ok(())
    }

    /// The files that are not among the images, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.parts.opened.skipped
    }

    /// A digest of what the images are, of their labels and of the options, by which a continued run can tell that its data changed.
    ///
    /// Of the files of a large set only names, sizes and an archive's checksums count.
    pub fn fingerprint(&self) -> String {
        let mut fingerprint = Fingerprint::new();
        for size in self.shape() {
            fingerprint.number(size as u64);
        }
        fingerprint.number(self.kind() as u64);
        fingerprint.number(self.parts.opened.fit as u64);
        fingerprint.number(self.classes() as u64);
        for (index, &source) in self.parts.chosen.iter().enumerate() {
            fingerprint.number(u64::from(source));
            fingerprint.number(self.label(index).map_or(u64::MAX, u64::from));
        }
        let source = &self.parts.opened.source;
        source.add_to(&mut fingerprint, &self.parts.chosen);
        fingerprint.finish()
    }

    /// The source's number of an image, if the question is one that this data set answers.
    fn request(&self, index: usize, kind: Kind, length: usize) -> Result<usize> {
        if kind != self.kind() {
            let found = self.kind();
            return Err(Error::Request(format!(
                "{kind:?} were asked of a data set of {found:?}"
            )));
        }
        let factor = if kind == Kind::Moments { 2 } else { 1 };
        let expected = factor * self.shape().iter().product::<usize>();
        if length != expected {
            return Err(Error::Request(format!(
                "a buffer of {length} numbers for an image of {expected}"
            )));
        }
        let source = self.parts.chosen.get(index);
        let source =
            source.ok_or_else(|| Error::Request(format!("image {index} of {}", self.len())))?;
        Ok(*source as usize)
    }
}
