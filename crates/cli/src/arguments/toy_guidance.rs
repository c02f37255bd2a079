//! Guidance of the toy as it is typed: `auto:2.1`.

use std::{fmt, str::FromStr};

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
