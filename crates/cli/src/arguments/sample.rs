//! What was typed after `foil sample`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use foil_diffusion::{guidance::Interval, sampler::SamplerChoice};
use serde::{Deserialize, Serialize};

use super::{
    Connection, GateName, GuidanceName, Weights,
    parse::{in_range, interval, sampler},
};

#[derive(Debug, Args)]
pub struct SampleImages {
    /// The network: a preset of `foil models`, a file, hf://owner/repository/file or an https URL [default: fashion, a part of this
    /// program, and --grid]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// The network that guides it: for auto a weaker version of it, for cfg an unconditional one
    #[arg(long, value_name = "MODEL")]
    pub guide: Option<String>,
    /// auto:W, cfg:W, truncate:W or none; W = 1 is no guidance [default: the preset's, or none]
    #[arg(long, value_name = "METHOD", allow_hyphen_values = true)]
    pub guidance: Option<GuidanceName>,
    /// Guide only where LO < σ <= HI
    #[arg(long, value_name = "LO..HI", value_parser = interval, allow_hyphen_values = true)]
    pub interval: Option<Interval>,
    /// Test the interval once per step or at every evaluation
    #[arg(long, value_enum, default_value = "step", requires = "interval")]
    pub gate: GateName,
    /// Write one picture, compare.png: the same seeds without guidance, with classifier-free guidance and with autoguidance, for
    /// these weights [without a value: 1,1.5,2,3]
    #[arg(long, value_name = "W,W", num_args = 0..=1, default_missing_value = "1,1.5,2,3", conflicts_with_all = ["guidance", "grid", "raw", "subfolders"])]
    pub compare: Option<Weights>,
    /// The network of --compare's classifier-free guidance; --guide is that of its autoguidance
    #[arg(long, value_name = "MODEL", requires = "compare")]
    pub unconditional: Option<String>,
    /// Seeds, one for each image, such as 0-63 or 3,7,100-199 [default: 0-15, for --compare 0-3]
    #[arg(long, value_parser = Seeds::parse)]
    pub seeds: Option<Seeds>,
    /// The class of all images, by its number or its name [default: each image draws its own]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Steps
    #[arg(long, default_value_t = 32, value_parser = in_range(1, 10_000))]
    pub steps: usize,
    /// Sampler
    #[arg(long, default_value = "heun", value_parser = known_sampler)]
    pub sampler: String,
    /// Least noise level before 0
    #[arg(
        long,
        value_name = "σ",
        default_value_t = 0.002,
        allow_hyphen_values = true
    )]
    pub sigma_min: f64,
    /// Noise level where trajectories start
    #[arg(
        long,
        value_name = "σ",
        default_value_t = 80.0,
        allow_hyphen_values = true
    )]
    pub sigma_max: f64,
    /// How much more steps there are at low noise levels
    #[arg(long, default_value_t = 7.0, allow_hyphen_values = true)]
    pub rho: f64,
    /// S_churn of the sampler heun: fresh noise over all steps
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0.0,
        allow_hyphen_values = true
    )]
    pub churn: f64,
    /// S_min: no fresh noise below this noise level
    #[arg(
        long,
        value_name = "σ",
        default_value_t = 0.0,
        requires = "churn",
        allow_hyphen_values = true
    )]
    pub churn_min: f64,
    /// S_max: no fresh noise above this noise level
    #[arg(long, value_name = "σ", default_value_t = f64::INFINITY, requires = "churn", allow_hyphen_values = true)]
    pub churn_max: f64,
    /// S_noise: deviation of the fresh noise relative to what the level needs
    #[arg(
        long,
        value_name = "S",
        default_value_t = 1.0,
        requires = "churn",
        allow_hyphen_values = true
    )]
    pub churn_noise: f64,
    /// Images at once; what an image looks like does not depend on it
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = in_range(1, 4096))]
    pub batch: usize,
    /// Random numbers: Foil's own, or those of PyTorch's generators for the same seed
    #[arg(long, value_enum, default_value = "foil")]
    pub rng: RandomName,
    /// Of weights and activations; auto is bf16 where the processor multiplies it natively
    #[arg(long, value_enum, default_value = "auto")]
    pub precision: PrecisionName,
    /// Where to compute
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub device: candle_core::Device,
    /// Weights of the autoencoder that makes pixels of latents [default: the one the network was trained with]
    #[arg(long, value_name = "MODEL")]
    pub autoencoder: Option<String>,
    #[command(flatten)]
    pub output: Output,
    /// Repeat an image exactly, with the settings that are kept in it
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["compare", "seeds", "guidance", "interval", "class", "steps", "sampler", "sigma_min", "sigma_max", "rho", "churn", "rng", "precision"])]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub connection: Connection,
    /// Print the settings as TOML and stop
    #[arg(long)]
    pub dry_run: bool,
}

impl SampleImages {
    /// Whether all images are wanted side by side: who names no model wants to see something.
    pub fn wants_grid(&self) -> bool {
        self.output.grid || self.model.is_none() && self.from.is_none()
    }
}

/// What is written, and where.
#[derive(Debug, Args)]
pub struct Output {
    /// Folder for the images, one PNG for each seed
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Also write grid.png, all images side by side
    #[arg(long)]
    pub grid: bool,
    /// Also write the network's results before they become 8 bits: tensors `samples` [n, c, h, w] and `labels`
    #[arg(long, value_name = "FILE")]
    pub raw: Option<PathBuf>,
    /// A folder for each thousand seeds
    #[arg(long)]
    pub subfolders: bool,
    /// Write over images that were made with other settings
    #[arg(long)]
    pub overwrite: bool,
}

/// Whose random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RandomName {
    Foil,
    /// torch.Generator("cpu")
    TorchCpu,
    /// torch.Generator("cuda")
    TorchCuda,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PrecisionName {
    Auto,
    F32,
    Bf16,
}

/// Seeds in the order in which they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(pub Vec<u64>);

impl Seeds {
    /// The first ones.
    pub fn first(count: u64) -> Self {
        Self((0..count).collect())
    }

    /// More images than anyone makes with one command.
    const MOST: u64 = 10_000_000;

    fn parse(text: &str) -> Result<Self, String> {
        const ALLOWED: &str = "allowed are whole numbers and ranges such as 0-63 or 3,7,100-199";
        let number = |part: &str| part.trim().parse::<u64>().map_err(|_| ALLOWED.to_owned());
        let mut seeds = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            if first > last {
                return Err(ALLOWED.to_owned());
            }
            if last - first >= Self::MOST - seeds.len() as u64 {
                return Err(format!("at most {} seeds", Self::MOST));
            }
            seeds.extend(first..=last);
        }
        let mut sorted = seeds.clone();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(format!("seed {} is there twice", twice[0])),
            None => Ok(Self(seeds)),
        }
    }
}

fn known_sampler(name: &str) -> Result<String, String> {
    sampler(name).map(|_: SamplerChoice| name.to_owned())
}

fn device(name: &str) -> Result<candle_core::Device, String> {
    match name {
        "cpu" => Ok(candle_core::Device::Cpu),
        _ if name.starts_with("cuda") => {
            Err("this program was built without CUDA; allowed is cpu".to_owned())
        }
        _ => Err("allowed is cpu".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Seeds;

    #[test]
    fn seeds_are_numbers_and_ranges() {
        let seeds = |text| Seeds::parse(text).map(|seeds| seeds.0);
        assert_eq!(seeds("5"), Ok(vec![5]));
        assert_eq!(seeds("0-3,7, 16"), Ok(vec![0, 1, 2, 3, 7, 16]));
        for wrong in [
            "",
            "a",
            "3-1",
            "1-",
            "-1",
            "1,1",
            "0-3,2",
            "0-18446744073709551615",
        ] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
