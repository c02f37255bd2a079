//! What was typed after `foil evaluate`.

use std::{path::PathBuf, str::FromStr};

use candle_core::DType;
use clap::{ArgGroup, Args, Subcommand};
use foil_data::Options;

use super::{
    Connection, Generation, MetricName, TrainPrecision,
    data::{FitName, SplitName},
    parse::{in_range, statistics_path},
};

/// One evaluation, or a verb.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Evaluate {
    #[command(subcommand)]
    pub command: Option<EvaluateCommand>,
    #[command(flatten)]
    pub score: Score,
}

/// What is to be judged, with what, by which numbers.
#[derive(Debug, Args)]
pub struct Score {
    /// How many images to make, or those that are there: a folder, a zip or .npz archive or an IDX file [default: 5000]
    #[arg(long, value_name = "N|PATH")]
    pub images: Option<ImagesName>,
    /// The seed of the first image that is made
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub first_seed: u64,
    /// So many times as many images, judged apart: the mean and its interval
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = in_range(1, 1000))]
    pub repeats: usize,
    /// What images are compared with: statistics (of `foil evaluate reference`, NVIDIA's .pkl, ADM's .npz) or a data set
    /// [default: the bundled statistics of the model's test images]
    #[arg(long, value_name = "FILE|DATA")]
    pub reference: Option<String>,
    /// The data set that the model was trained on, for the metric memorisation
    #[arg(long, value_name = "DATA")]
    pub training: Option<PathBuf>,
    #[command(flatten)]
    pub shown: Shown,
    /// Such as fid,kid,prdc: see `foil evaluate metrics` [default: fid; of bundled models fd,class-score,accuracy]
    #[arg(long, value_name = "METRIC,…", value_delimiter = ',')]
    pub metrics: Vec<MetricName>,
    #[command(flatten)]
    pub extractors: Extractors,
    /// Folder for the results, and for features, so that the same command continues
    #[arg(long, value_name = "DIR", default_value = "evaluation")]
    pub out: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub generation: Generation,
}

/// Networks that describe images.
#[derive(Debug, Args)]
pub struct Extractors {
    /// The network of metrics that do not say theirs: inception, inception-pytorch, dinov2, dinov2-pillow, or a classifier of clean
    /// images [default: the bundled model's classifier, else inception]
    #[arg(long, value_name = "NETWORK")]
    pub features: Option<String>,
    /// Weights of Inception-v3 as pytorch-fid, NVIDIA or TensorFlow has them [default: pytorch-fid's]
    #[arg(long, value_name = "FILE")]
    pub inception: Option<String>,
    /// Weights of DINOv2 as torch's hub or transformers has them, of ViT-S, B or L [default: the hub's ViT-L]
    #[arg(long, value_name = "FILE")]
    pub dinov2: Option<String>,
    /// Of these networks: bf16 is faster where the processor has products of it, but not what published numbers were computed in
    #[arg(long, value_enum, default_value = "f32")]
    pub feature_precision: TrainPrecision,
}

/// A number of images to make, or images that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagesName {
    Count(usize),
    Path(PathBuf),
}

impl FromStr for ImagesName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<usize>() {
            Ok(count) if (2..=10_000_000).contains(&count) => Ok(Self::Count(count)),
            Ok(_) => Err("allowed are 2 to 10000000 images, or a path".to_owned()),
            Err(_) => Ok(Self::Path(text.into())),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum EvaluateCommand {
    /// Gather mean and covariance of a data set's features, which images are compared with
    Reference(EvaluateReference),
    /// Count the images that a classifier gives their class
    Accuracy(EvaluateAccuracy),
    /// Say in which settings two results differ, and compare their numbers where that means something
    Diff(EvaluateDiff),
    /// Apply common operations to images, and table what each does to each metric
    Robustness(EvaluateRobustness),
    /// List the metrics and what they need
    Metrics,
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
    /// A folder of images, a zip or .npz archive, an IDX file or a folder of IDX files
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shown: Shown,
    #[command(flatten)]
    pub extractors: Extractors,
    /// The file to write: .safetensors, which says what it is of; of inception and dinov2 also .pkl as EDM2's programs read it, of inception .npz
    /// as ADM's does
    #[arg(long, value_name = "FILE", value_parser = statistics_path)]
    pub out: PathBuf,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Args)]
pub struct EvaluateDiff {
    /// A result of `foil evaluate`
    #[arg(value_name = "A.json")]
    pub one: PathBuf,
    /// Another
    #[arg(value_name = "B.json")]
    pub other: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct EvaluateRobustness {
    /// A folder of images, a zip or .npz archive, an IDX file or a folder of IDX files
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shown: Shown,
    /// So many images, the first ones
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = in_range(60, 10_000_000))]
    pub images: usize,
    /// As of `foil evaluate` [default: fd]
    #[arg(long, value_name = "METRIC,…", value_delimiter = ',')]
    pub metrics: Vec<MetricName>,
    #[command(flatten)]
    pub extractors: Extractors,
    /// Folder for the table, and for features, so that the same command continues
    #[arg(long, value_name = "DIR", default_value = "evaluation")]
    pub out: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["data", "images"])))]
pub struct EvaluateAccuracy {
    #[command(flatten)]
    pub classifier: Classifier,
    /// Images with labels: a folder of images, a zip or .npz archive, an IDX file or a folder of IDX files
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
    /// The same for the library, for a network on images of this height and width, or of any.
    pub fn options(&self, resolution: Option<usize>) -> Options {
        Options {
            split: self.split.map(Into::into).unwrap_or_default(),
            resolution,
            fit: self.fit.map(Into::into),
            limit: None,
        }
    }
}
