//! Noise levels as checked values, so that no sampler has to doubt them.

use crate::{Error, Result};

/// The standard deviation σ of the noise: finite and not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Sigma(f64);

impl Sigma {
    /// No noise.
    pub const ZERO: Self = Self(0.0);

    /// Checks the value.
    pub fn new(value: f64) -> Result<Self> {
        if value.is_finite() && value >= 0.0 {
            Ok(Self(value))
        } else {
            Err(Error::Sigma(value))
        }
    }

    /// σ of a variance-preserving state with signal share ᾱ in (0, 1]: σ² = (1 − ᾱ)/ᾱ.
    pub fn from_alpha_bar(alpha_bar: f64) -> Result<Self> {
        Self::new(((1.0 - alpha_bar) / alpha_bar).sqrt())
    }

    /// The value.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether there is no noise left.
    pub fn is_zero(self) -> bool {
        self.0 == 0.0
    }

    /// The signal share ᾱ = 1/(1 + σ²) of the variance-preserving state with this noise level.
    pub fn alpha_bar(self) -> f64 {
        1.0 / (1.0 + self.0 * self.0)
    }

    /// λ = −ln σ, half the logarithm of the signal-to-noise ratio; infinite at σ = 0.
    pub fn half_log_snr(self) -> f64 {
        -self.0.ln()
    }
}

impl std::fmt::Display for Sigma {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The noise levels a trajectory visits: at least two, strictly decreasing. The last one may be zero.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseLevels(Vec<Sigma>);

impl NoiseLevels {
    /// Checks that the levels go strictly down.
    pub fn new(levels: Vec<Sigma>) -> Result<Self> {
        if levels.len() < 2 {
            return Err(Error::NoiseLevels(format!("{} given", levels.len())));
        }
        match levels.windows(2).position(|pair| pair[1] >= pair[0]) {
            Some(at) => Err(Error::NoiseLevels(format!(
                "{} is followed by {}",
                levels[at],
                levels[at + 1]
            ))),
            None => Ok(Self(levels)),
        }
    }

    /// Checks plain numbers.
    pub fn from_values(values: &[f64]) -> Result<Self> {
        Self::new(
            values
                .iter()
                .map(|&value| Sigma::new(value))
                .collect::<Result<_>>()?,
        )
    }

    /// The levels followed by σ = 0, where a deterministic trajectory ends on an image.
    pub(crate) fn ending_at_zero(values: impl IntoIterator<Item = f64>) -> Result<Self> {
        let mut levels = values
            .into_iter()
            .map(Sigma::new)
            .collect::<Result<Vec<_>>>()?;
        levels.push(Sigma::ZERO);
        Self::new(levels)
    }

    /// The number of moves from one level to the next.
    pub fn steps(&self) -> usize {
        self.0.len() - 1
    }

    /// The level a trajectory starts from.
    pub fn first(&self) -> Sigma {
        self.0[0]
    }

    /// The level a trajectory ends at.
    pub fn last(&self) -> Sigma {
        self.0[self.0.len() - 1]
    }

    /// The moves, as (from, to).
    pub fn moves(&self) -> impl Iterator<Item = (Sigma, Sigma)> + '_ {
        self.0.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// All levels, highest first.
    pub fn as_slice(&self) -> &[Sigma] {
        &self.0
    }
}
