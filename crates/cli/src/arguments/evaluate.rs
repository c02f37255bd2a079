//! What was typed after `foil evaluate`.

use std::path::PathBuf;

use candle_core::DType;
use clap::{ArgGroup, Args, Subcommand};
use foil_data::Options;

use super::{
    Connection, TrainPrecision,
    data::{FitName, SplitName},
    parse::safetensors_path,
};

#[derive(Debug, Subcommand)]
pub enum EvaluateCommand {
    /// Gather mean and covariance of a data set's features, which images are compared with
    Reference(EvaluateReference),
    /// Count the images that a classifier gives their class
    Accuracy(EvaluateAccuracy),
}

/// The network that judges.
#[derive(Debug, Args)]
pub struct Classifier {
    /// A classifier of clean images: a file, hf://owner/repository/file or an https URL
    #[arg(long, value_name = "MODEL")]
    pub features: String,
    /// Of weights and activations
    #[arg(long, value_enum, default_value = "f32")]
    pub precision: TrainPrecision,
    #[command(flatten)]
    pub connection: Connection,
}

/// What of a data set is shown to the network, whose size the images get.
#[derive(Debug, Args)]
pub struct Shown {
    /// Which files of an IDX folder [default: train]
    #[arg(long, value_enum)]
    pub split: Option<SplitName>,
    /// How images of another size get the network's [default: pad for IDX files, else exact]
    #[arg(long, value_enum)]
    pub fit: Option<FitName>,
}

#[derive(Debug, Args)]
pub struct EvaluateReference {
    #[command(flatten)]
    pub classifier: Classifier,
    /// A folder of images, a zip archive, an IDX file or a folder of IDX files
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shown: Shown,
    /// The file to write: tensors `mean` and `covariance`, and what they are of
    #[arg(long, value_name = "FILE.safetensors", value_parser = safetensors_path)]
    pub out: PathBuf,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["data", "images"])))]
pub struct EvaluateAccuracy {
    #[command(flatten)]
    pub classifier: Classifier,
    /// Images with labels: a folder of images, a zip archive, an IDX file or a folder of IDX files
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub shown: Shown,
    /// A folder of `foil sample`, whose images say their class
    #[arg(long, value_name = "DIR")]
    pub images: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

impl TrainPrecision {
    /// The same for tensors.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }
}

impl Shown {
    /// The same for the library, for a network on images of this height and width.
    pub fn options(&self, resolution: usize) -> Options {
        Options {
            split: self.split.map(Into::into).unwrap_or_default(),
            resolution: Some(resolution),
            fit: self.fit.map(Into::into),
            limit: None,
        }
    }
}
