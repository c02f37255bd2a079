//! Networks that are part of the program, so that it makes and judges images before anything was downloaded or trained. `assets/README.md`
//! says how they were trained.

use std::sync::Arc;

use crate::SourceFile;

/// Networks for one data set, all at 32×32 grey pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bundle {
    /// Stands for the main network, guided by its weaker version.
    pub name: &'static str,
    /// The data set they were trained on.
    pub data: &'static str,
    /// Names of its classes, by number.
    pub classes: &'static [&'static str],
    /// The weight of autoguidance with which images look best; 1 is no guidance.
    pub weight: f64,
    /// The weight with which the Fréchet distance to test images is least, of 1, 1.25, 1.5 and more.
    pub distance_weight: f64,
}

/// What a network of a bundle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Makes the images.
    Main,
    /// Its weaker version: smaller, and trained on a fraction of the images. Karras et al. 2024.
    Guide,
    /// Knows no classes, for classifier-free guidance. Ho & Salimans 2022.
    Unconditional,
    /// Tells classes at every noise level, for classifier guidance. Dhariwal & Nichol 2021.
    NoisyClassifier,
    /// Tells classes of clean images; its features are what images are judged by.
    CleanClassifier,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Main,
        Self::Guide,
        Self::Unconditional,
        Self::NoisyClassifier,
        Self::CleanClassifier,
    ];

    /// What a network's name ends with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Guide => "guide",
            Self::Unconditional => "unconditional",
            Self::NoisyClassifier => "noisy-classifier",
            Self::CleanClassifier => "clean-classifier",
        }
    }
}

/// What the program makes images of if it is not told.
pub const DEFAULT: &Bundle = &ALL[0];

/// All bundles.
pub const ALL: [Bundle; 2] = [
    Bundle {
        name: "fashion",
        data: "Fashion-MNIST",
        classes: &[
            "T-shirt/top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ],
        weight: 2.0,
        distance_weight: 1.5,
    },
    Bundle {
        name: "digits",
        data: "MNIST",
        classes: &[
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
        ],
        weight: 2.0,
        distance_weight: 1.5,
    },
];

impl Bundle {
    /// The name of one of its networks: `fashion-guide`.
    pub fn network(&self, part: Part) -> String {
        format!("{}-{}", self.name, part.name())
    }

    /// The name of the file with mean and covariance of the clean classifier's features over a part of the data, `train` or `test`:
    /// `fashion-test-statistics`.
    pub fn statistics(&self, part: &str) -> String {
        format!("{}-{part}-statistics", self.name)
    }

    /// The number of a class by its name, whatever the case; an underscore is a space.
    pub fn class(&self, name: &str) -> Option<u32> {
        let wanted = name.replace('_', " ").to_lowercase();
        let mut classes = (0..).zip(self.classes);
        let found = classes.find(|(_, known)| known.to_lowercase() == wanted);
        found.map(|(class, _)| class)
    }
}

/// The bundle of this name, or the one whose main network has it.
pub fn find(name: &str) -> Option<&'static Bundle> {
    let named = |bundle: &&Bundle| bundle.name == name || bundle.network(Part::Main) == name;
    ALL.iter().find(named)
}

/// The bundle that a network of this name, such as `fashion-guide`, is part of.
pub fn of(network: &str) -> Option<&'static Bundle> {
    let has = |bundle: &&Bundle| {
        Part::ALL
            .iter()
            .any(|&part| bundle.network(part) == network)
    };
    ALL.iter().find(has)
}

/// The file of this name: of a network, such as `fashion-guide`, or of statistics.
pub fn file(name: &str) -> Option<Arc<SourceFile>> {
    let (_, bytes) = FILES.iter().find(|(known, _)| *known == name)?;
    Some(SourceFile::embedded(name, bytes))
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../../assets/", $name, ".safetensors")))),*]
    };
}

static FILES: [(&str, &[u8]); 14] = files![
    "fashion-main",
    "fashion-guide",
    "fashion-unconditional",
    "fashion-noisy-classifier",
    "fashion-clean-classifier",
    "fashion-train-statistics",
    "fashion-test-statistics",
    "digits-main",
    "digits-guide",
    "digits-unconditional",
    "digits-noisy-classifier",
    "digits-clean-classifier",
    "digits-train-statistics",
    "digits-test-statistics",
];
