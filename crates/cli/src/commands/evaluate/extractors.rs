//! From the names of networks that describe images to these networks.

use std::path::Path;

use anyhow::{Result, bail};
use candle_core::DType;
use foil_evaluation::{
    Dinov2Extractor, Dinov2Protocol, Extractor, InceptionExtractor, Judge, Named,
};
use foil_models::{
    SourceFile, Weights, bundled, checkpoint::Contents, features::inception::Protocol,
};
use ring::digest::{SHA256, digest};

use super::{hexadecimal, last_part, manifest::ExtractorManifest};
use crate::{
    arguments::{Extractors, TrainPrecision},
    files::Files,
    open::fingerprint,
};

/// The weights of Inception-v3 as pytorch-fid has them; NVIDIA's and TensorFlow's files have the same.
const INCEPTION: &str = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth";

/// The weights of DINOv2's ViT-L/14 as torch's hub has them.
const DINOV2: &str =
    "https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth";

/// A network, ready to describe images.
pub struct Opened {
    /// As metrics name it.
    pub name: String,
    pub extractor: Box<dyn Extractor>,
    pub manifest: ExtractorManifest,
    /// Of the file of weights, as references keep it.
    pub fingerprint: String,
    /// Height and width that images must have, if they must have one.
    pub resolution: Option<usize>,
}

/// Networks that are called by what they are, not by their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Inception(Protocol),
    Dinov2(Dinov2Protocol),
}

impl Known {
    /// Of its name.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "inception" => Some(Self::Inception(Protocol::Tensorflow)),
            "inception-pytorch" => Some(Self::Inception(Protocol::PytorchFid)),
            "dinov2" => Some(Self::Dinov2(Dinov2Protocol::Torch)),
            "dinov2-pillow" => Some(Self::Dinov2(Dinov2Protocol::Pillow)),
            _ => None,
        }
    }

    /// The weights that are meant if none are named.
    fn published(self) -> &'static str {
        match self {
            Self::Inception(_) => INCEPTION,
            Self::Dinov2(_) => DINOV2,
        }
    }

    fn typed(self, extractors: &Extractors) -> Option<&String> {
        match self {
            Self::Inception(_) => extractors.inception.as_ref(),
            Self::Dinov2(_) => extractors.dinov2.as_ref(),
        }
    }

    fn load(self, weights: &Weights, precision: DType) -> Result<Box<dyn Extractor>> {
        Ok(match self {
            Self::Inception(protocol) => {
                Box::new(InceptionExtractor::new(weights, protocol, precision)?)
            }
            Self::Dinov2(protocol) => Box::new(Dinov2Extractor::new(weights, protocol, precision)?),
        })
    }

    fn protocol(self) -> &'static str {
        match self {
            Self::Inception(Protocol::Tensorflow) => {
                "tensorflow: bilinear to 299×299 with pixel i at i·size/299, (x − 128)/128"
            }
            Self::Inception(Protocol::PytorchFid) => {
                "pytorch-fid: bilinear to 299×299 with pixel i at (i + ½)·size/299 − ½, 2·x/255 − 1"
            }
            Self::Dinov2(protocol) => protocol.description(),
        }
    }
}

impl Opened {
    /// Of a known name, or of the file, address or bundled name of a classifier.
    pub fn open(name: &str, extractors: &Extractors, files: &Files) -> Result<Self> {
        match Known::of(name) {
            Some(known) => Self::known(name, known, extractors, files),
            None => Self::classifier(name, extractors.feature_precision, files),
        }
    }

    fn known(name: &str, known: Known, extractors: &Extractors, files: &Files) -> Result<Self> {
        let published = known.published().to_owned();
        let weights_name = known.typed(extractors).unwrap_or(&published);
        let file = files.one(weights_name)?;
        let Contents::Tensors(weights) = Contents::of(&file)? else {
            bail!("{weights_name} holds no weights of {name}; `foil inspect` shows what it is");
        };
        let precision = extractors.feature_precision;
        let extractor = known.load(&weights, precision.dtype())?;
        Ok(Self {
            name: name.to_owned(),
            manifest: ExtractorManifest {
                weights: called(weights_name),
                sha256: sha256(&file)?,
                protocol: known.protocol().to_owned(),
                precision: precision_name(precision).to_owned(),
                features: extractor.features(),
            },
            extractor,
            fingerprint: fingerprint(&file)?,
            resolution: None,
        })
    }

    /// Of the file, address or bundled name of a classifier.
    pub fn classifier(name: &str, precision: TrainPrecision, files: &Files) -> Result<Self> {
        let file = files.one(name)?;
        let Contents::Classifier(snapshot) = Contents::of(&file)? else {
            bail!("{name} is no classifier; `foil inspect` shows what it is");
        };
        let judge = Judge::load(&snapshot, precision.dtype())?;
        Ok(Self {
            name: called(name),
            manifest: ExtractorManifest {
                weights: called(name),
                sha256: sha256(&file)?,
                protocol: "pixels as they are, x/127.5 − 1".to_owned(),
                precision: precision_name(precision).to_owned(),
                features: judge.features(),
            },
            extractor: Box::new(judge),
            fingerprint: fingerprint(&file)?,
            resolution: Some(snapshot.config.resolution),
        })
    }

    /// What references say of it.
    pub fn named(&self) -> Named {
        Named {
            name: self.name.clone(),
            fingerprint: self.fingerprint.clone(),
        }
    }

    /// What its classes are called, if it is a bundled one.
    pub fn class_names(&self) -> &'static [&'static str] {
        bundled::of(&self.name).map_or(&[], |bundle| bundle.classes)
    }
}

/// What files say of a precision.
pub fn precision_name(precision: TrainPrecision) -> &'static str {
    match precision.dtype() {
        DType::BF16 => "bf16",
        _ => "f32",
    }
}

/// Files by their last part, wherever they lie; others as they were typed.
fn called(name: &str) -> String {
    let path = Path::new(name);
    if path.is_file() {
        last_part(path)
    } else {
        name.to_owned()
    }
}

fn sha256(file: &SourceFile) -> Result<String> {
    let bytes = file.part(0..file.length())?;
    Ok(hexadecimal(digest(&SHA256, &bytes).as_ref()))
}
