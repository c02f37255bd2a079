//! What was typed after `foil tune`.

use std::{path::PathBuf, str::FromStr};

use clap::Args;

use super::{Deciding, Generation, parse::in_range};

#[derive(Debug, Args)]
pub struct Tune {
    /// A method with what is looked for: W is a weight, LO..HI an interval of noise levels, as in auto:W@LO..HI or auto:W+cfg:W. May be repeated
    /// [default: auto and cfg, each with and without an interval, and both together, as the networks allow]
    #[arg(long = "method", value_name = "METHOD", allow_hyphen_values = true)]
    pub methods: Vec<String>,
    /// Where W is looked for; for classifier, 1 less
    #[arg(long, value_name = "LO..HI", default_value = "1.05..4")]
    pub weights: Range,
    /// Noise levels among which LO and HI are looked for
    #[arg(long, value_name = "LO..HI", default_value = "0.02..20")]
    pub sigmas: Range,
    /// EMA lengths that are looked for where --model or a guide is a run's folder
    #[arg(long, value_name = "LO..HI", default_value = "0.02..0.2")]
    pub ema: Range,
    /// Another guide for auto to choose from: a network, or a run's folder, of which each moment and EMA length may guide. May be repeated
    #[arg(long, value_name = "MODEL")]
    pub other_guide: Vec<String>,
    /// Images that a setting is judged by at first
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = in_range(2, 10_000_000))]
    pub least: usize,
    /// Images that the best settings are judged by in the end
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = in_range(2, 10_000_000))]
    pub most: usize,
    /// Images of the whole search
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = in_range(2, 1_000_000_000))]
    pub budget: usize,
    /// Images, none of them seen by the search, by which what was found is compared with where it began
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = in_range(2, 10_000_000))]
    pub images: usize,
    #[command(flatten)]
    pub deciding: Deciding,
    /// Folder for tuned.toml, the trace with its plots, and features, so that the same command continues
    #[arg(long, value_name = "DIR", default_value = "tuning")]
    pub out: PathBuf,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// --guidance is where the search begins [default: the model's]
    #[command(flatten)]
    pub generation: Generation,
}

/// From one positive number to a larger one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.trim().parse::<f64>().ok();
        let ends = text.split_once("..");
        let ends = ends.and_then(|(low, high)| Some((number(low)?, number(high)?)));
        match ends {
            Some((low, high)) if 0.0 < low && low < high && high.is_finite() => {
                Ok(Self { low, high })
            }
            _ => Err("allowed is LO..HI with 0 < LO < HI, such as 1.05..4".to_owned()),
        }
    }
}

impl Range {
    /// The number at a position from 0 to 1, evenly in its logarithm.
    pub fn at(self, position: f64) -> f64 {
        self.low * (self.high / self.low).powf(position)
    }

    /// The position of a number; that of an end if it is outside.
    pub fn position(self, number: f64) -> f64 {
        let position = (number / self.low).ln() / (self.high / self.low).ln();
        if position.is_nan() {
            0.0
        } else {
            position.clamp(0.0, 1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn positions_are_even_in_the_logarithm() {
        let range: Range = "0.5..8".parse().expect("a range");
        assert!((range.at(0.25) - 1.0).abs() < 1e-12);
        assert!((range.position(range.at(0.3)) - 0.3).abs() < 1e-12);
        assert_eq!(
            (
                range.position(0.1),
                range.position(-1.0),
                range.position(9.0)
            ),
            (0.0, 0.0, 1.0)
        );
        for wrong in ["", "1", "2..1", "0..1", "1..inf", "a..b"] {
            assert!(wrong.parse::<Range>().is_err(), "{wrong}");
        }
    }
}
