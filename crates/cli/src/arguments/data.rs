//! What was typed after `foil data`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use foil_data::{Fit, Limit, Options, Split};

use super::parse::in_range;

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Say what a data set is: images, classes, what cannot be used, mean and standard deviation
    Inspect(InspectData),
    /// Write a data set as one archive of images of one size, as EDM2's programs read it too
    Convert(ConvertData),
}

/// Which images, and in what size.
#[derive(Debug, Args)]
pub struct Selection {
    /// A folder of images, a zip or .npz archive, an IDX file or a folder of IDX files
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// Which files of an IDX folder
    #[arg(long, value_enum, default_value = "train")]
    pub split: SplitName,
    /// Width and height that images are brought to [default: their own]
    #[arg(long, value_name = "N", value_parser = in_range(1, 16_384))]
    pub resolution: Option<usize>,
    /// How images of another size get this one [default: pad for IDX files, else exact]
    #[arg(long, value_enum, requires = "resolution")]
    pub fit: Option<FitName>,
    /// So many images at most, chosen at random
    #[arg(long, value_name = "N", value_parser = in_range(1, 100_000_000))]
    pub limit: Option<usize>,
    /// Decides which images --limit chooses
    #[arg(long, default_value_t = 0, requires = "limit")]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct InspectData {
    #[command(flatten)]
    pub selection: Selection,
    /// Write a picture of some images of each class
    #[arg(long, value_name = "FILE.png")]
    pub grid: Option<PathBuf>,
    /// Print one JSON object instead of TOML
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ConvertData {
    #[command(flatten)]
    pub selection: Selection,
    /// The archive to write
    #[arg(value_name = "OUT.zip", value_parser = zip_path)]
    pub out: PathBuf,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SplitName {
    Train,
    Test,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FitName {
    /// Not at all: others are left out
    Exact,
    /// A black margin around smaller ones; larger ones are left out
    Pad,
    /// The middle of larger ones as it is; smaller ones are left out
    Crop,
    /// The largest square in the middle, resized as EDM2's ImageNet was
    Adm,
}

impl Selection {
    /// The same for the library.
    pub fn options(&self) -> Options {
        Options {
            split: self.split.into(),
            resolution: self.resolution,
            fit: self.fit.map(Into::into),
            limit: self.limit.map(|images| Limit {
                images,
                seed: self.seed,
            }),
        }
    }
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Test => Self::Test,
        }
    }
}

impl From<FitName> for Fit {
    fn from(name: FitName) -> Self {
        match name {
            FitName::Exact => Self::Exact,
            FitName::Pad => Self::Pad,
            FitName::Crop => Self::Crop,
            FitName::Adm => Self::CropAdm,
        }
    }
}

fn zip_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension == "zip" => Ok(path),
        _ => Err("the name must end in .zip".to_owned()),
    }
}
