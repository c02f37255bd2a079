//! A set of images as training sees it, wherever they lie.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Error, Fit, Flip, Options, Order, Result, Split,
    error::at,
    fingerprint::Fingerprint,
    fit,
    idx::{self, Idx},
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
    source: Idx,
    shape: [usize; 3],
    fit: Fit,
    /// The source's numbers of the images, in ascending order.
    chosen: Vec<u32>,
    count: NonZeroU32,
    labels: Option<Labels>,
    skipped: Vec<Skipped>,
}

/// The labels of all of the source's images.
#[derive(Debug)]
struct Labels {
    of: Vec<u32>,
    classes: usize,
}

impl Dataset {
    /// Opens an IDX file of images, with its labels beside it, or a folder of such files.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        check(options)?;
        let metadata = path.metadata().map_err(at(path))?;
        if !metadata.is_dir() {
            if options.split == Split::Test {
                let problem = "only a folder of IDX files has a test part; give the path of what is to be the test data";
                return Err(Error::Options(format!("{}: {problem}", path.display())));
            }
            return Self::open_idx(&idx::Places::beside(path), options);
        }
        match idx::in_folder(path, options.split)? {
            Some(places) => Self::open_idx(&places, options),
            None => Err(Error::foreign(
                path,
                "no 'train-images-idx3-ubyte' or 't10k-images-idx3-ubyte' in this folder",
            )),
        }
    }

    fn open_idx(places: &idx::Places, options: &Options) -> Result<Self> {
        let source = Idx::read(places)?;
        let size = source.size();
        let wanted = options.resolution.map_or(size, |side| [side, side]);
        let larger = wanted.iter().zip(size).all(|(wanted, own)| *wanted >= own);
        let fit = options
            .fit
            .unwrap_or(if larger { Fit::Pad } else { Fit::Exact });
        if let Some(problem) = fit.refuses(size, wanted) {
            return Err(Error::Options(format!(
                "{}: images of {problem}; another resolution or another fit is needed",
                places.images.display()
            )));
        }
        let labels = source.labels.as_deref().map(|labels| Labels {
            of: labels.iter().map(|&label| u32::from(label)).collect(),
            classes: labels
                .iter()
                .max()
                .map_or(0, |&label| usize::from(label) + 1),
        });
        let all = u32::try_from(source.count()).unwrap_or(u32::MAX);
        let chosen = options
            .limit
            .map_or_else(|| (0..all).collect(), |limit| limit.choose(all));
        let count = u32::try_from(chosen.len()).ok().and_then(NonZeroU32::new);
        let count = count.ok_or_else(|| Error::foreign(&places.images, "no images"))?;
        let parts = Parts {
            shape: [source.channels(), wanted[0], wanted[1]],
            source,
            fit,
            chosen,
            count,
            labels,
            skipped: Vec::new(),
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
        Kind::Pixels
    }

    /// `[channels, height, width]` of an image as training sees it; of moments the latent's, which has half their channels.
    pub fn shape(&self) -> [usize; 3] {
        self.parts.shape
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

    /// The order in which a run of this seed sees the images.
    pub fn order(&self, seed: u64) -> Order {
        Order::new(self.parts.count, seed)
    }

    /// Reads an image into `[channels, height, width]`.
    pub fn pixels(&self, index: usize, flip: Flip, out: &mut [u8]) -> Result<()> {
        let source = self.request(index, Kind::Pixels, out.len())?;
        let picture = self.parts.source.picture(source);
        fit::place(&picture, self.parts.shape, flip, out);
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
        for size in self.parts.shape {
            fingerprint.number(size as u64);
        }
        fingerprint.number(self.parts.fit as u64);
        fingerprint.number(self.classes() as u64);
        for (index, &source) in self.parts.chosen.iter().enumerate() {
            fingerprint.number(u64::from(source));
            fingerprint.number(self.label(index).map_or(u64::MAX, u64::from));
            fingerprint.bytes(&self.parts.source.picture(source as usize).bytes);
        }
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
        let expected = factor * self.parts.shape.iter().product::<usize>();
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
    Ok(())
}
