//! Images through the networks that describe them, once, whatever is to be measured.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use foil_evaluation::Features;

use super::{extractors::Opened, source::Source, store::Rows};
use crate::progress::Progress;

/// What is wanted of one network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    pub spatial: bool,
    pub logits: bool,
}

/// What one network says of all images.
#[derive(Clone)]
pub struct Described {
    pub features: Features,
    pub spatial: Option<Features>,
    pub logits: Option<Features>,
}

/// What is known of all images.
#[derive(Clone)]
pub struct Gathered {
    /// By the name of the network.
    pub described: BTreeMap<String, Described>,
    /// Of each image, if they are known.
    pub classes: Option<Vec<u32>>,
}

/// The files of one network.
struct Files<'a> {
    opened: &'a Opened,
    features: Rows,
    spatial: Option<Rows>,
    logits: Option<Rows>,
}

impl<'a> Files<'a> {
    fn open(opened: &'a Opened, wanted: Wanted, stem: &Path) -> Result<Self> {
        let extractor = &opened.extractor;
        let rows = |kind: &str, width: usize| {
            let weights = &opened.manifest.sha256[..8];
            let precision = &opened.manifest.precision;
            let name = format!("{}-{weights}-{precision}.{kind}", opened.name);
            Rows::open(&beside(stem, &name), width)
        };
        Ok(Self {
            opened,
            features: rows("features", extractor.features())?,
            spatial: wanted
                .spatial
                .then(|| rows("spatial-features", extractor.spatial_features()))
                .transpose()?,
            logits: wanted
                .logits
                .then(|| rows("classes", extractor.classes()))
                .transpose()?,
        })
    }

    /// Images of which all that is wanted is there.
    fn count(&self) -> usize {
        let others = self.spatial.iter().chain(&self.logits);
        let all = std::iter::once(&self.features).chain(others);
        all.map(Rows::count).min().unwrap_or(0)
    }

    /// Describes images of which the first one has this place.
    fn describe(&mut self, first: usize, levels: &[u8], shape: [usize; 3]) -> Result<()> {
        let extractor = &self.opened.extractor;
        let image: usize = shape.iter().product();
        let mut first = first;
        for levels in levels.chunks(extractor.batch() * image) {
            let next = first + levels.len() / image;
            if self.count() < next {
                let described = extractor.describe(levels, shape)?;
                self.features.offer(first, &described.features)?;
                if let Some(spatial) = &mut self.spatial {
                    spatial.offer(first, &described.spatial)?;
                }
                if let Some(logits) = &mut self.logits {
                    logits.offer(first, &described.logits)?;
                }
            }
            first = next;
        }
        Ok(())
    }

    fn read(&mut self, count: usize) -> Result<Described> {
        let read = |rows: &mut Option<Rows>| -> Result<Option<Features>> {
            rows.as_mut().map(|rows| rows.read(count)).transpose()
        };
        Ok(Described {
            spatial: read(&mut self.spatial)?,
            logits: read(&mut self.logits)?,
            features: self.features.read(count)?,
        })
    }
}

/// Describes what has not been described: files that begin with `stem` have the rest. `name` is what the progress is of.
pub fn gather(
    source: &mut dyn Source,
    networks: &[(&Opened, Wanted)],
    stem: &Path,
    name: &str,
    progress: &Progress,
) -> Result<Gathered> {
    let (all, shape) = (source.count(), source.shape());
    let mut files: Vec<Files<'_>> = Vec::new();
    for &(opened, wanted) in networks {
        opened.extractor.check(shape)?;
        files.push(Files::open(opened, wanted, stem)?);
    }
    let mut classes = source
        .has_classes()
        .then(|| Rows::open(&beside(stem, "labels"), 1))
        .transpose()?;
    let counts = files.iter().map(Files::count);
    let done = counts.chain(classes.as_ref().map(Rows::count)).min();
    let done = done.map_or(0, |done| done.min(all));
    if done < all {
        if done > 0 {
            progress.note(&format!("{name}: {done} of {all} images are described"));
        }
        let bar = progress.continued("images", done as u64, all as u64);
        bar.message(name.to_owned());
        let mut first = done;
        source.each(done, &mut |batch| {
            for files in &mut files {
                files.describe(first, &batch.levels, shape)?;
            }
            if let Some(rows) = &mut classes {
                let numbers: Vec<f32> = batch.classes.iter().map(|&class| class as f32).collect();
                rows.offer(first, &numbers)?;
            }
            first += batch.levels.len() / shape.iter().product::<usize>();
            bar.at(first as u64);
            Ok(())
        })?;
        bar.done(name);
    }
    let described = files
        .iter_mut()
        .map(|files| Ok((files.opened.name.clone(), files.read(all)?)));
    let labels = |rows: &mut Rows| -> Result<Vec<u32>> {
        let labels = rows.read(all)?;
        Ok(labels.numbers().iter().map(|&label| label as u32).collect())
    };
    Ok(Gathered {
        described: described.collect::<Result<_>>()?,
        classes: classes.as_mut().map(labels).transpose()?,
    })
}

impl Gathered {
    /// One repeat of so many images.
    pub fn part(&self, repeat: usize, count: usize) -> Result<Self> {
        let range = repeat * count..(repeat + 1) * count;
        let part = |features: &Features| {
            Features::new(features.width(), features.rows(range.clone()).to_vec())
        };
        let maybe = |features: &Option<Features>| features.as_ref().map(part).transpose();
        let described = self.described.iter().map(|(name, described)| {
            let described = Described {
                features: part(&described.features)?,
                spatial: maybe(&described.spatial)?,
                logits: maybe(&described.logits)?,
            };
            Ok((name.clone(), described))
        });
        Ok(Self {
            described: described.collect::<Result<_>>()?,
            classes: self
                .classes
                .as_ref()
                .map(|classes| classes[range.clone()].to_vec()),
        })
    }
}

/// `STEM.name`; names of networks may be addresses.
fn beside(stem: &Path, name: &str) -> PathBuf {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    let name = name.replace(|letter| !plain(letter), "-");
    let mut path = stem.as_os_str().to_owned();
    path.push(format!(".{name}"));
    PathBuf::from(path)
}
