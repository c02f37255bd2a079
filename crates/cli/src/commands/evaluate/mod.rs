//! `foil evaluate`: what a classifier makes of images.

pub mod accuracy;
pub mod reference;
mod samples;

use std::path::Path;

use anyhow::Result;
use foil_data::{Dataset, Kind};
use foil_evaluation::{Judge, Named};
use foil_models::{bundled, edm2::Config};

use super::data::say_skipped;
use crate::{
    arguments::{Classifier, Shown},
    files::Files,
    open::ClassifierFile,
    progress::Progress,
};

/// The network that judges, before its weights are read.
struct Opened {
    file: ClassifierFile,
    name: String,
}

impl Opened {
    fn open(classifier: &Classifier) -> Result<Self> {
        let files = Files::open(&classifier.connection)?;
        Ok(Self {
            file: ClassifierFile::open(&classifier.features, &files)?,
            name: classifier.features.clone(),
        })
    }

    /// What its classes are called, if it is a bundled one.
    fn class_names(&self) -> &'static [&'static str] {
        let bundle = bundled::of(&self.name);
        bundle.map_or(&[], |bundle| bundle.classes)
    }

    fn config(&self) -> &Config {
        &self.file.snapshot.config
    }

    /// What files say of it.
    fn named(&self) -> Named {
        let path = Path::new(&self.name);
        Named {
            name: if path.is_file() {
                last_part(path)
            } else {
                self.name.clone()
            },
            fingerprint: self.file.fingerprint.clone(),
        }
    }

    fn judge(&self, classifier: &Classifier) -> Result<Judge> {
        let precision = classifier.precision.dtype();
        Ok(Judge::load(&self.file.snapshot, precision)?)
    }

    /// A data set as the network sees it.
    fn data(&self, path: &Path, shown: &Shown) -> Result<Dataset> {
        let dataset = Dataset::open(path, &shown.options(self.config().resolution))?;
        if dataset.kind() != Kind::Pixels {
            anyhow::bail!(
                "{} holds latents; only pixels can be judged",
                path.display()
            );
        }
        say_skipped(&Progress::new(), dataset.skipped());
        Ok(dataset)
    }
}

/// What a path is called wherever it lies.
fn last_part(path: &Path) -> String {
    let whole = path.canonicalize();
    let name = whole.as_deref().unwrap_or(path).file_name();
    name.unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
