//! Metrics as they are typed: `fid`, `kd@inception-pytorch`.

use std::{fmt, str::FromStr};

/// What is measured, whatever describes the images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    Frechet,
    SpatialFrechet,
    FrechetAtInfinity,
    Kernel,
    ClassScore,
    PrecisionRecall,
    DensityCoverage,
    Accuracy,
    Memorisation,
}

/// A measure, and the network that describes the images for it, if it says one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricName {
    pub measure: Measure,
    pub extractor: Option<String>,
}

impl Measure {
    /// All of them, with what they are.
    pub const ALL: [(Self, &'static str, &'static str); 9] = [
        (
            Self::Frechet,
            "fd",
            "Fréchet distance of features to the reference",
        ),
        (
            Self::SpatialFrechet,
            "sfd",
            "the same of features that keep places (Inception)",
        ),
        (
            Self::FrechetAtInfinity,
            "fd-infinity",
            "Fréchet distance extrapolated to infinitely many images",
        ),
        (
            Self::Kernel,
            "kd",
            "kernel distance, without bias; the reference must be images",
        ),
        (
            Self::ClassScore,
            "class-score",
            "exp of the mean divergence of classes: the Inception score of any classifier",
        ),
        (
            Self::PrecisionRecall,
            "pr",
            "precision and recall, k = 3 (ADM); the reference must be images",
        ),
        (
            Self::DensityCoverage,
            "prdc",
            "precision, recall, density and coverage, k = 5; the reference must be images",
        ),
        (
            Self::Accuracy,
            "accuracy",
            "share of images whose class the classifier sees",
        ),
        (
            Self::Memorisation,
            "memorisation",
            "distance to the nearest image of --training, and authenticity",
        ),
    ];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(measure, ..)| *measure == self);
        known.map_or("", |(_, name, _)| name)
    }
}

impl MetricName {
    /// What published results call them.
    pub const PUBLISHED: [(&'static str, Measure, &'static str); 6] = [
        ("fid", Measure::Frechet, "inception"),
        ("sfid", Measure::SpatialFrechet, "inception"),
        ("fid-infinity", Measure::FrechetAtInfinity, "inception"),
        ("kid", Measure::Kernel, "inception"),
        ("is", Measure::ClassScore, "inception"),
        ("fd-dinov2", Measure::Frechet, "dinov2"),
    ];

    /// Of a measure without a network of its own.
    pub fn plain(measure: Measure) -> Self {
        Self {
            measure,
            extractor: None,
        }
    }
}

impl FromStr for MetricName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let published = Self::PUBLISHED.iter().find(|(name, ..)| *name == text);
        if let Some(&(_, measure, extractor)) = published {
            return Ok(Self {
                measure,
                extractor: Some(extractor.to_owned()),
            });
        }
        let (name, extractor) = match text.split_once('@') {
            Some((name, extractor)) if !extractor.is_empty() => (name, Some(extractor.to_owned())),
            Some(_) => return Err("a network must follow @".to_owned()),
            None => (text, None),
        };
        let known = Measure::ALL.iter().find(|(_, known, _)| *known == name);
        if let Some(&(measure, ..)) = known {
            return Ok(Self { measure, extractor });
        }
        let published = Self::PUBLISHED.map(|(name, ..)| name).join(", ");
        let measures = Measure::ALL.map(|(_, name, _)| name).join(", ");
        Err(format!(
            "allowed are {published}, and {measures} of any network, such as kd@inception"
        ))
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(extractor) = &self.extractor else {
            return formatter.write_str(self.measure.name());
        };
        let is_own = |(_, measure, known): &&(&str, Measure, &str)| {
            *measure == self.measure && known == extractor
        };
        match Self::PUBLISHED.iter().find(is_own) {
            Some((name, ..)) => formatter.write_str(name),
            None => write!(formatter, "{}@{extractor}", self.measure.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MetricName;

    #[test]
    fn names_come_back_as_they_were_typed() {
        for text in [
            "fid",
            "kd@inception-pytorch",
            "pr",
            "prdc@fashion-clean-classifier",
        ] {
            let metric: MetricName = text.parse().expect("a metric");
            assert_eq!(metric.to_string(), text);
        }
        let same: MetricName = "fd@inception".parse().expect("a metric");
        assert_eq!(same.to_string(), "fid");
        for wrong in ["", "FID", "fd@", "@inception", "distance"] {
            assert!(wrong.parse::<MetricName>().is_err(), "{wrong}");
        }
    }
}
