//! Discrete variance-preserving schedules: β₀ … β_{N−1}, as DDPM and its descendants were trained with.
//!
//! Between two training steps ln σ is interpolated linearly, so that networks can be asked about any σ in the range
//! (as k-diffusion does).

use super::{Schedule, Time, known};
use crate::{Error, NoiseLevels, Result, Sigma};

/// ᾱ_t = Π_{s ≤ t} (1 − β_s); time is the index t in [0, N − 1].
#[derive(Debug, Clone, PartialEq)]
pub struct Discrete {
    alpha_bars: Vec<f64>,
    log_sigmas: Vec<f64>,
}

impl Discrete {
    /// From β in (0, 1), at least two of them.
    pub fn from_betas(betas: &[f64]) -> Result<Self> {
        let alpha_bars = betas.iter().scan(1.0, |product, beta| {
            *product *= 1.0 - beta;
            Some(*product)
        });
        Self::from_alpha_bars(alpha_bars.collect())
    }

    /// From ᾱ strictly decreasing inside (0, 1), at least two of them.
    pub fn from_alpha_bars(alpha_bars: Vec<f64>) -> Result<Self> {
        let inside = alpha_bars
            .iter()
            .all(|&alpha_bar| alpha_bar > 0.0 && alpha_bar < 1.0);
        if alpha_bars.len() < 2 || !inside || alpha_bars.windows(2).any(|pair| pair[1] >= pair[0]) {
            let problem =
                "needs at least two signal shares, strictly decreasing and inside (0, 1)".into();
            return Err(Error::Schedule {
                schedule: "discrete",
                problem,
            });
        }
        let log_sigmas = alpha_bars
            .iter()
            .map(|alpha_bar| 0.5 * ((1.0 - alpha_bar) / alpha_bar).ln())
            .collect();
        Ok(Self {
            alpha_bars,
            log_sigmas,
        })
    }

    /// β from 1e-4 to 0.02 over 1000 steps, scaled by 1000/N otherwise: DDPM, ADM from 128 pixels up.
    pub fn linear(steps: usize) -> Result<Self> {
        let scale = 1000.0 / steps as f64;
        Self::from_betas(&ramp(steps, scale * 1e-4, scale * 0.02).collect::<Vec<_>>())
    }

    /// √β linear from √0.00085 to √0.012: Stable Diffusion ("scaled linear").
    pub fn scaled_linear(steps: usize) -> Result<Self> {
        let roots = ramp(steps, 0.000_85_f64.sqrt(), 0.012_f64.sqrt());
        Self::from_betas(&roots.map(|root| root * root).collect::<Vec<_>>())
    }

    /// ᾱ(t) ∝ cos²((t + 0.008)/1.008 · π/2) with β at most 0.999: Nichol & Dhariwal 2021, Eq. 17; ADM-64, GLIDE, IF.
    pub fn cosine(steps: usize) -> Result<Self> {
        let share = |index: usize| {
            ((index as f64 / steps as f64 + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2).cos()
        };
        let beta = |index: usize| (1.0 - (share(index + 1) / share(index)).powi(2)).min(0.999);
        Self::from_betas(&(0..steps).map(beta).collect::<Vec<_>>())
    }

    /// The number of training steps N.
    pub fn len(&self) -> usize {
        self.alpha_bars.len()
    }

    /// Never: a schedule has at least two steps.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// ᾱ of each training step.
    pub fn alpha_bars(&self) -> &[f64] {
        &self.alpha_bars
    }

    /// The levels of chosen training steps, highest first, then 0. The order in which they are given does not matter.
    pub fn levels(&self, timesteps: &[usize]) -> Result<NoiseLevels> {
        let mut timesteps = timesteps.to_vec();
        timesteps.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(&outside) = timesteps.first().filter(|&&first| first >= self.len()) {
            let problem = format!("has steps 0 to {}, not {outside}", self.len() - 1);
            return Err(Error::Schedule {
                schedule: "discrete",
                problem,
            });
        }
        NoiseLevels::ending_at_zero(
            timesteps
                .into_iter()
                .map(|timestep| self.log_sigmas[timestep].exp()),
        )
    }
}

/// `steps` numbers from `first` to `last`, evenly spaced.
fn ramp(steps: usize, first: f64, last: f64) -> impl Iterator<Item = f64> {
    super::fractions(steps).map(move |fraction| first + fraction * (last - first))
}

impl Schedule for Discrete {
    fn sigma_from_time(&self, Time(time): Time) -> Sigma {
        let time = time.clamp(0.0, (self.len() - 1) as f64);
        let below = (time as usize).min(self.len() - 2);
        let (low, high) = (self.log_sigmas[below], self.log_sigmas[below + 1]);
        known((low + (time - below as f64) * (high - low)).exp())
    }

    fn time_from_sigma(&self, sigma: Sigma) -> Time {
        let log_sigma = sigma.get().ln();
        let above = self
            .log_sigmas
            .partition_point(|&level| level <= log_sigma)
            .clamp(1, self.len() - 1);
        let (low, high) = (self.log_sigmas[above - 1], self.log_sigmas[above]);
        Time((above - 1) as f64 + ((log_sigma - low) / (high - low)).clamp(0.0, 1.0))
    }
}
