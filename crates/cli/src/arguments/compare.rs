//! What was typed after `foil compare`.

use std::path::PathBuf;

use clap::Args;

use super::{Deciding, Generation, Weights, parse::in_range};

#[derive(Debug, Args)]
pub struct Compare {
    /// A method, such as auto:W, cfg:W@0.2..5 or none; W stands for each of --weights. May be repeated [default: the methods that the
    /// networks allow]
    #[arg(long = "method", value_name = "METHOD", allow_hyphen_values = true)]
    pub methods: Vec<String>,
    /// Weights that W stands for; for classifier, whose 0 is no guidance, 1 less
    #[arg(long, value_name = "W,W", default_value = "1.25,1.5,2,3")]
    pub weights: Weights,
    /// Images for each weight: the best one of a method is chosen by them
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = in_range(2, 10_000_000))]
    pub sweep: usize,
    /// Images for each method at its best weight, which the table is of
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = in_range(2, 10_000_000))]
    pub images: usize,
    /// Also judge, for each method, classifier-free guidance of the same effective scale: many methods that seem better are only stronger or weaker
    #[arg(long)]
    pub calibrate: bool,
    #[command(flatten)]
    pub deciding: Deciding,
    /// Folder for table, plots, pictures and features, so that the same command continues
    #[arg(long, value_name = "DIR", default_value = "comparison")]
    pub out: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub generation: Generation,
}
