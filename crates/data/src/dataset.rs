//! A set of images as training sees it, wherever they lie.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Error, Fit, Flip, Options, Order, Result, Split,
    collection::Collection,
    error::at,
    fingerprint::Fingerprint,
    idx::{self, Idx},
    labels::Labels,
    source::Source,
};

/// Larger images are no training data.
const LARGEST_RESOLUTION: usize = 1 << 14;

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
    path: PathBuf,
    source: Source,
    /// `[height, width]`
    size: [usize; 2],
    fit: Fit,
    /// The source's numbers of the images, in ascending order.
    chosen: Vec<u32>,
    count: NonZeroU32,
    /// Of all of the source's images.
    labels: Option<Labels>,
    skipped: Vec<Skipped>,
}

impl Dataset {
    /// Opens an IDX file of images with its labels beside it, a folder of such files, or a folder of images.
    ///
    /// The images of a folder have one size, the options' or the most frequent one, and are grey if most of its files are; others are
    /// converted, or skipped where their size does not fit. Labels are those of its `dataset.json`, or else its folders, by name.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        check(options)?;
        let metadata = path.metadata().map_err(at(path))?;
        if metadata.is_dir()
            && let Some(places) = idx::in_folder(path, options.split)?
        {
            return Self::open_idx(&places, options);
        }
        if options.split == Split::Test {
            let problem = "only a folder of IDX files has a test part; give the path of what is to be the test data";
            return Err(Error::Options(format!("{}: {problem}", path.display())));
        }
        if !metadata.is_dir() {
            return Self::open_idx(&idx::Places::beside(path), options);
        }
        let opened = Collection::open(path, options)?;
        Self::new(
            Parts {
                path: path.to_owned(),
                source: Source::Collection(opened.collection),
                size: opened.size,
                fit: opened.fit,
                chosen: Vec::new(),
                count: NonZeroU32::MIN,
                labels: opened.labels,
                skipped: opened.skipped,
            },
            options,
        )
    }

    fn open_idx(places: &idx::Places, options: &Options) -> Result<Self> {
        let source = Idx::read(places)?;
        let own = source.size();
        let size = options.resolution.map_or(own, |side| [side, side]);
        let larger = size.iter().zip(own).all(|(wanted, own)| *wanted >= own);
        let default = if larger { Fit::Pad } else { Fit::Exact };
        let fit = options.fit.unwrap_or(default);
        if let Some(problem) = fit.refuses(own, size) {
            return Err(Error::Options(format!(
                "{}: images of {problem}; another resolution or another fit is needed",
                places.images.display()
            )));
        }
        let labels = source.labels.as_deref().map(Labels::from_bytes);
        Self::new(
            Parts {
                path: places.images.clone(),
                source: Source::Idx(source),
                size,
                fit,
                chosen: Vec::new(),
                count: NonZeroU32::MIN,
                labels,
                skipped: Vec::new(),
            },
            options,
        )
    }

    /// Chooses the images.
    fn new(mut parts: Parts, options: &Options) -> Result<Self> {
        let all = u32::try_from(parts.source.count()).unwrap_or(u32::MAX);
        parts.chosen = options
            .limit
            .map_or_else(|| (0..all).collect(), |limit| limit.choose(all));
        let count = u32::try_from(parts.chosen.len())
            .ok()
            .and_then(NonZeroU32::new);
        parts.count = count.ok_or_else(|| Error::foreign(&parts.path, "no images"))?;
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
        Kind::Pixels
    }

    /// `[channels, height, width]` of an image as training sees it; of moments the latent's, which has half their channels.
    pub fn shape(&self) -> [usize; 3] {
        let [height, width] = self.parts.size;
        [self.parts.source.channels(), height, width]
    }

    /// How many classes there are, one more than the largest label of the whole set; 0 if images have no labels.
    pub fn classes(&self) -> usize {
        self.parts
            .labels
            .as_ref()
            .map_or(0, |labels| labels.classes)
    }

    /// The class of an image.
    pub fn label(&self, index: usize) -> Option<u32> {
        let labels = self.parts.labels.as_ref()?;
        labels
            .of
            .get(*self.parts.chosen.get(index)? as usize)
            .copied()
    }

    /// The name of a class, where classes have names.
    pub fn class_name(&self, class: u32) -> Option<&str> {
        let labels = self.parts.labels.as_ref()?;
        labels.names.get(class as usize).map(String::as_str)
    }

    /// What an image is called: its file, or its number.
    pub fn name(&self, index: usize) -> Option<String> {
        let source = *self.parts.chosen.get(index)?;
        Some(self.parts.source.name(source as usize))
    }

    /// The order in which a run of this seed sees the images.
    pub fn order(&self, seed: u64) -> Order {
        Order::new(self.parts.count, seed)
    }

    /// Reads an image into `[channels, height, width]`.
    pub fn pixels(&self, index: usize, flip: Flip, out: &mut [u8]) -> Result<()> {
        let source = self.request(index, Kind::Pixels, out.len())?;
        let Parts { size, fit, .. } = self.parts.as_ref();
        let picture = self.parts.source.picture(source)?;
        if let Some(problem) = fit.refuses([picture.height, picture.width], *size) {
            return Err(self.parts.source.changed(source, &problem));
        }
        fit.place(&picture, *size, flip, out);
        Ok(())
    }

    /// Reads an image's moments into `[2 × channels, height, width]`, means before standard deviations. A mirrored latent is only
    /// nearly the latent of a mirrored image.
    pub fn moments(&self, index: usize, _flip: Flip, out: &mut [f32]) -> Result<()> {
        self.request(index, Kind::Moments, out.len()).map(drop)
    }

    /// The files that are not among the images, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.parts.skipped
    }

    /// A digest of what the images are, of their labels and of the options, by which a continued run can tell that its data changed.
    pub fn fingerprint(&self) -> String {
        let mut fingerprint = Fingerprint::new();
        for size in self.shape() {
            fingerprint.number(size as u64);
        }
        fingerprint.number(self.parts.fit as u64);
        fingerprint.number(self.classes() as u64);
        for (index, &source) in self.parts.chosen.iter().enumerate() {
            fingerprint.number(u64::from(source));
            fingerprint.number(self.label(index).map_or(u64::MAX, u64::from));
        }
        self.parts
            .source
            .add_to(&mut fingerprint, &self.parts.chosen);
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
        let source = self
            .parts
            .chosen
            .get(index)
            .ok_or_else(|| Error::Request(format!("image {index} of {}", self.len())))?;
        Ok(*source as usize)
    }
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
