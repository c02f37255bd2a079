//! What was typed after the verbs that deal with files: `models`, `fetch`, `inspect`, `convert`.

use std::path::PathBuf;

use clap::Args;

use super::parse::safetensors_path;

#[derive(Debug, Args)]
pub struct Models {
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Fetch {
    /// Published presets or networks of `foil models`, https:// addresses, hf://owner/name/path@revision, or paths of files
    #[arg(required = true, value_name = "NAME|URL")]
    pub sources: Vec<String>,
    #[command(flatten)]
    pub connection: Connection,
}

/// Whether files may come from elsewhere.
#[derive(Debug, Args)]
pub struct Connection {
    /// Open no connection and use what is in the cache; FOIL_OFFLINE=1 and HF_HUB_OFFLINE=1 do the same
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// A file of NVIDIA's, PyTorch's or Foil's, or any safetensors file, whatever its name; or a network that is part of this program
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON object instead of TOML
    #[arg(long)]
    pub json: bool,
    /// List every tensor with its type and shape
    #[arg(long)]
    pub tensors: bool,
}

#[derive(Debug, Args)]
pub struct Convert {
    /// The checkpoint to read, or a network that is part of this program
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The file to write: a snapshot of Foil if it is a network that Foil knows, else its tensors by their names
    #[arg(value_name = "OUT.safetensors", value_parser = safetensors_path)]
    pub out: PathBuf,
    /// Write over a file that exists
    #[arg(long)]
    pub force: bool,
}
