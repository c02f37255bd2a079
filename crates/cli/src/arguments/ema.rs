//! What was typed after `ema`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use foil_training::reconstruction::Moment;

#[derive(Debug, Args)]
pub struct Ema {
    /// A folder of snapshots: a run of Foil's, or .pkl files named …-KIMG-STD.pkl as NVIDIA's are
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// EMA lengths, relative standard deviations in thousandths: 0.05,0.1 or evenly spaced as in 0.01,0.015,...,0.2
    #[arg(long, value_name = "LENGTHS", value_parser = Lengths::parse)]
    pub std: Lengths,
    /// When: thousands of images as in the snapshots' names, or latest
    #[arg(long, value_name = "KIMG", default_value = "latest", value_parser = moment)]
    pub time: Moment,
    /// Folder for the networks; those that are there are kept
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How numbers are stored; published networks are f16
    #[arg(long, value_enum, default_value = "f16")]
    pub precision: StoredPrecision,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum StoredPrecision {
    F32,
    Bf16,
    F16,
}

/// Different EMA lengths in the order in which they were typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Lengths(pub Vec<f64>);

const ALLOWED: &str = "allowed are different numbers from 0.001 to 0.288 in thousandths, as in 0.05,0.1 or 0.01,0.015,...,0.2";

impl Lengths {
    fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let thousandths = match parts.iter().position(|part| *part == "...") {
            None => numbers(&parts)?,
            Some(place) => progression(&numbers(&parts[..place])?, &numbers(&parts[place + 1..])?)?,
        };
        let mut sorted = thousandths.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() < thousandths.len() {
            return Err(ALLOWED.to_owned());
        }
        // The nearest number to a decimal of three places is also what reading that decimal gives.
        let length = |thousandths: u32| f64::from(thousandths) / 1000.0;
        Ok(Self(thousandths.into_iter().map(length).collect()))
    }
}

fn numbers(parts: &[&str]) -> Result<Vec<u32>, String> {
    parts
        .iter()
        .map(|part| thousandths(part).ok_or_else(|| format!("'{part}': {ALLOWED}")))
        .collect()
}

/// A decimal below 1 of at most three places, in the range of lengths.
fn thousandths(text: &str) -> Option<u32> {
    let decimals = text.strip_prefix("0.").or_else(|| text.strip_prefix('.'))?;
    let decimals = match decimals.get(3..) {
        None => decimals,
        Some(rest) if rest.bytes().all(|byte| byte == b'0') => &decimals[..3],
        Some(_) => return None,
    };
    let digits = !decimals.is_empty() && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = format!("{decimals:0<3}").parse().ok().filter(|_| digits)?;
    (1..=288).contains(&number).then_some(number)
}

/// All numbers from the first to the last in equal steps; the second says the step, and more before the dots must keep it.
fn progression(first: &[u32], last: &[u32]) -> Result<Vec<u32>, String> {
    let uneven = || {
        "numbers before and after '...' must be evenly spaced and rising, as in 0.01,0.015,...,0.2"
            .to_owned()
    };
    let ([start, second, ..], [end]) = (first, last) else {
        return Err(uneven());
    };
    let step = second.checked_sub(*start).filter(|step| *step > 0);
    let step = step.ok_or_else(uneven)?;
    let all: Vec<u32> = (*start..=*end).step_by(step as usize).collect();
    if all.last() == Some(end) && all.starts_with(first) {
        Ok(all)
    } else {
        Err(uneven())
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    if text == "latest" {
        return Ok(Moment::Latest);
    }
    let number = text.parse::<u64>().map(Moment::Thousands);
    number.map_err(|_| "allowed are 'latest' and thousands of images, such as 2147483".to_owned())
}
