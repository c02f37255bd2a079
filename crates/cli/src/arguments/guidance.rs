//! Guidance as it is typed, and when its interval is looked up.

use std::str::FromStr;

use clap::ValueEnum;
use foil_diffusion::guidance::{Gate, Plan, TextError};
use serde::{Deserialize, Serialize};

/// When an interval looks at σ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateName {
    /// By the level a step starts from, as the reference code of the interval paper
    Step,
    /// By each evaluation's own level
    Evaluation,
}

impl From<GateName> for Gate {
    fn from(name: GateName) -> Self {
        match name {
            GateName::Step => Self::Step,
            GateName::Evaluation => Self::Evaluation,
        }
    }
}

/// A composition of guidance. What is wrong is said in one line, and below it where.
pub fn guidance(text: &str) -> Result<Plan, String> {
    text.parse().map_err(|error: TextError| {
        let shown: String = text.chars().map(plain).collect();
        let caret = " ".repeat(error.position()) + "^";
        format!("{}\n{POINTED}{shown}\n{POINTED}{caret}", error.problem())
    })
}

/// What the lines of a mistake begin with that point at a character: they stay lines.
pub const POINTED: &str = "  | ";

/// Line breaks and the like would move the caret.
fn plain(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

/// Weights of guidance in rising order; 1, which is no guidance, is always among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights(pub Vec<f64>);

impl FromStr for Weights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut weights = vec![1.0];
        for part in text.split(',') {
            match part.trim().parse::<f64>() {
                Ok(weight) if weight.is_finite() => weights.push(weight),
                _ => {
                    return Err(format!(
                        "'{part}' is no weight; allowed are finite numbers such as 1,1.5,2,3"
                    ));
                }
            }
        }
        weights.sort_by(f64::total_cmp);
        weights.dedup();
        Ok(Self(weights))
    }
}
