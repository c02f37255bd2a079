//! Which files are a set: their names are a convention, with variations.

use std::path::{Path, PathBuf};

use crate::{Error, Result, Split};

/// The two files of a set.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) images: PathBuf,
    pub(crate) labels: Option<PathBuf>,
}

impl Places {
    /// The files of a set, of which the images are known.
    pub(crate) fn beside(images: &Path) -> Self {
        let name = images.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        let labels = stem.replace("images", "labels").replace("idx3", "idx1");
        let labels = (labels != stem).then(|| existing(&images.with_file_name(labels)));
        Self {
            images: images.to_owned(),
            labels: labels.flatten(),
        }
    }
}

/// The files of a split in a folder, if it is a folder of such files.
pub(crate) fn in_folder(folder: &Path, split: Split) -> Result<Option<Places>> {
    let find = |split: Split| {
        ["-idx3-ubyte", ".idx3-ubyte"]
            .iter()
            .find_map(|ending| existing(&folder.join(format!("{}-images{ending}", prefix(split)))))
    };
    if let Some(images) = find(split) {
        return Ok(Some(Places::beside(&images)));
    }
    let other = match split {
        Split::Train => Split::Test,
        Split::Test => Split::Train,
    };
    if find(other).is_some() {
        let expected = format!("{}-images-idx3-ubyte", prefix(split));
        let problem = format!("no '{expected}' or '{expected}.gz' in this folder");
        return Err(Error::foreign(folder, problem));
    }
    Ok(None)
}

fn prefix(split: Split) -> &'static str {
    match split {
        Split::Train => "train",
        Split::Test => "t10k",
    }
}

/// The file, or the compressed one beside it.
fn existing(path: &Path) -> Option<PathBuf> {
    let mut compressed = path.as_os_str().to_owned();
    compressed.push(".gz");
    [path.to_owned(), compressed.into()]
        .into_iter()
        .find(|path| path.is_file())
}
