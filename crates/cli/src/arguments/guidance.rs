//! Guidance as it is typed: `auto:2.1`, and when its interval is looked up.

use std::{fmt, str::FromStr};

use clap::ValueEnum;
use foil_diffusion::guidance::Gate;
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

/// A method of guidance with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GuidanceName {
    None,
    Auto(f64),
    ClassifierFree(f64),
    Truncation(f64),
}

impl GuidanceName {
    /// w: 1 is no guidance.
    pub fn weight(self) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Auto(weight) | Self::ClassifierFree(weight) | Self::Truncation(weight) => weight,
        }
    }

    /// Whether another network guides.
    pub fn needs_guide(self) -> bool {
        matches!(self, Self::Auto(_) | Self::ClassifierFree(_))
    }
}

impl FromStr for GuidanceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = "allowed are none, auto:W, cfg:W and truncate:W with a finite number W";
        let (name, weight) = text.split_once(':').unwrap_or((text, ""));
        let weight = || match weight.parse::<f64>() {
            Ok(weight) if weight.is_finite() => Ok(weight),
            _ => Err(format!("'{weight}' is no weight; {allowed}")),
        };
        match name {
            "none" if text == "none" => Ok(Self::None),
            "auto" => Ok(Self::Auto(weight()?)),
            "cfg" => Ok(Self::ClassifierFree(weight()?)),
            "truncate" => Ok(Self::Truncation(weight()?)),
            _ => Err(format!("unknown guidance; {allowed}")),
        }
    }
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

impl fmt::Display for GuidanceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(formatter, "none"),
            Self::Auto(weight) => write!(formatter, "auto:{weight}"),
            Self::ClassifierFree(weight) => write!(formatter, "cfg:{weight}"),
            Self::Truncation(weight) => write!(formatter, "truncate:{weight}"),
        }
    }
}
