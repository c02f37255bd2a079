//! What was typed after `degrade`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{Connection, parse::safetensors_path};

#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("how").required(true).args(["weight_noise", "bits", "prune"])),
    after_help = "The result is a network like any other: --guide for guidance by auto.\n\
        Guides that were trained shorter or have another EMA length are averages of a run: RUN@KIMG-LENGTH, or files of `foil ema`.\n\
        Noise at the input, dropout and skipped blocks are no files but guidance: noise(amount=A), dropout(p=P), skip(blocks=…), of the\n\
        last blocks an early exit;\n\
        see `foil guidance`."
)]
pub struct Degrade {
    /// The network: a file, a network of `foil models`, hf://owner/repository/file, an https URL, or a part of this program
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// The file to write
    #[arg(long, value_name = "FILE.safetensors", value_parser = safetensors_path)]
    pub out: PathBuf,
    /// Add normal noise, of A times a tensor's root mean square
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub weight_noise: Option<f64>,
    /// Of that noise
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with_all = ["bits", "prune"])]
    pub seed: u64,
    /// Round weights to N bits, 2 to 8
    #[arg(long, value_name = "N")]
    pub bits: Option<u32>,
    /// Set the smallest of an output's weights to 0: which share, from 0 to below 1
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    pub prune: Option<f64>,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub connection: Connection,
}
