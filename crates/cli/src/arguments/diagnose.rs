//! What was typed after `diagnose`.

use std::path::PathBuf;

use clap::Args;

use super::{Generation, Shown, parse::in_range};

#[derive(Debug, Args)]
#[command(
    after_help = "At each noise level, what the main network and its guide estimate of noisy images is compared with the images. Where the \
        guide has the same errors, but larger, the difference Δ of both estimates points to the truth: its angle to the way there is below \
        90°, and guidance makes the error smaller up to twice the best weight's distance from 1. Both errors have in common what no \
        network can know of a noisy image, so the angle stays near 90°; `foil toy diagnose` shows them without it. These are means over \
        places where images are; what guidance does elsewhere, to samples that went astray, they do not show."
)]
pub struct Diagnose {
    /// The images: a folder of images, a zip archive, an IDX file or a folder of IDX files
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shown: Shown,
    /// So many images, chosen at random
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = in_range(1, 1_000_000))]
    pub images: usize,
    /// Of the choice and of the noise
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Folder for diagnosis.json and plots: errors, correlation and angle, each as SVG and PNG
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    #[command(flatten)]
    pub generation: Generation,
}
