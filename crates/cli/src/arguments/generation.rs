//! How images are to be made, as it was typed after `foil sample` and `foil evaluate`.

use clap::{Args, ValueEnum};
use foil_diffusion::{guidance::Interval, sampler::SamplerChoice};
use serde::{Deserialize, Serialize};

use super::{
    Connection, GateName, GuidanceName,
    parse::{in_range, interval, sampler},
};

/// How images are made.
#[derive(Debug, Args)]
pub struct Generation {
    /// The network: a preset of `foil models`, a file, hf://owner/repository/file or an https URL [default: fashion, a part of this
    /// program]
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
    /// The class of all images, by its number or its name [default: each image draws its own]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Steps [default: 32; of `foil evaluate` without --model: 12]
    #[arg(long, value_parser = in_range(1, 10_000))]
    pub steps: Option<usize>,
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
    /// Images at once; what an image looks like does not depend on it [default: 4; of `foil evaluate`: 16]
    #[arg(long, value_name = "N", value_parser = in_range(1, 4096))]
    pub batch: Option<usize>,
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
    pub connection: Connection,
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
