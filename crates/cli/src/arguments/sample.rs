//! What was typed after `foil sample`.

use std::path::PathBuf;

use clap::Args;

use super::{Generation, Weights};

#[derive(Debug, Args)]
pub struct SampleImages {
    #[command(flatten)]
    pub generation: Generation,
    /// Write one picture, compare.png: the same seeds without guidance, with classifier-free guidance and with autoguidance, for
    /// these weights [without a value: 1,1.5,2,3]
    #[arg(long, value_name = "W,W", num_args = 0..=1, default_missing_value = "1,1.5,2,3", conflicts_with_all = ["guidance", "grid", "raw", "subfolders"])]
    pub compare: Option<Weights>,
    /// Seeds, one for each image, such as 0-63 or 3,7,100-199 [default: 0-15, for --compare 0-3]
    #[arg(long, value_parser = Seeds::parse)]
    pub seeds: Option<Seeds>,
    #[command(flatten)]
    pub output: Output,
    /// Repeat an image exactly, with the settings that are kept in it
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["compare", "seeds", "guidance", "degradation", "interval", "class", "steps", "sampler", "sigma_min", "sigma_max", "rho", "churn", "rng", "precision"])]
    pub from: Option<PathBuf>,
    /// Print the settings as TOML and stop
    #[arg(long)]
    pub dry_run: bool,
}

impl SampleImages {
    /// Whether all images are wanted side by side: who names no model wants to see something.
    pub fn wants_grid(&self) -> bool {
        self.output.grid || self.generation.model.is_none() && self.from.is_none()
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
