//! How images are to be made, as it was typed after `foil sample` and `foil evaluate`.

use clap::{Args, ValueEnum};
use foil_diffusion::{
    guidance::{Interval, Plan},
    sampler::SamplerChoice,
};
use serde::{Deserialize, Serialize};

use super::{
    Connection, GateName,
    guidance::guidance,
    parse::{in_range, interval, sampler},
};

/// How images are made.
#[derive(Debug, Args)]
pub struct Generation {
    /// The network: a preset of `foil models`, a file, hf://owner/repository/file, an https URL, or RUN@0.07, the average of that length of a
    /// run's folder. A .toml file of settings, as --dry-run prints and foil tune finds them, fills in all that is not typed [default: fashion,
    /// a part of this program]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// A weaker version of the network, for guidance by auto; for cfg alone also an unconditional network
    #[arg(long, value_name = "MODEL")]
    pub guide: Option<String>,
    /// A network without classes, for guidance by cfg
    #[arg(long, value_name = "MODEL")]
    pub unconditional: Option<String>,
    /// A classifier of noisy images, for guidance by classifier
    #[arg(long, value_name = "MODEL")]
    pub classifier: Option<String>,
    /// METHOD:W and what is to be done with it, such as auto:2, cfg:1.5@0.2..5 or auto:2+cfg:1.3; none is none, and so is W = 1.
    /// `foil guidance` lists all methods [default: the preset's, or none]
    #[arg(long, value_name = "METHOD:W", value_parser = guidance, allow_hyphen_values = true)]
    pub guidance: Option<Plan>,
    /// Make the network that is guided worse while it runs, to study what guides it: written as a guide without a weight, such as
    /// dropout(p=0.05), noise(amount=0.1) or bits(n=4)
    #[arg(long, value_name = "GUIDE")]
    pub degradation: Option<String>,
    /// Guide only where LO < σ <= HI, where --guidance does not say it with @LO..HI
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
    /// Sampler [default: heun]
    #[arg(long, value_parser = known_sampler)]
    pub sampler: Option<String>,
    /// Least noise level before 0 [default: 0.002]
    #[arg(long, value_name = "σ", allow_hyphen_values = true)]
    pub sigma_min: Option<f64>,
    /// Noise level where trajectories start [default: 80]
    #[arg(long, value_name = "σ", allow_hyphen_values = true)]
    pub sigma_max: Option<f64>,
    /// How much more steps there are at low noise levels [default: 7]
    #[arg(long, allow_hyphen_values = true)]
    pub rho: Option<f64>,
    /// S_churn of the sampler heun: fresh noise over all steps [default: 0]
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    pub churn: Option<f64>,
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
    /// Random numbers: Foil's own, or those of PyTorch's generators for the same seed [default: foil]
    #[arg(long, value_enum)]
    pub rng: Option<RandomName>,
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

impl Generation {
    /// Where guidance acts, by the gate that was typed.
    pub fn interval(&self) -> Option<Interval> {
        let typed = self.interval?;
        // Its ends were checked when it was typed.
        Interval::new(typed.low(), typed.high(), self.gate.into()).ok()
    }
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
