//! What the steps since the last status showed, by noise level.

use serde::{Deserialize, Serialize};

use crate::{Observation, Report};

/// Bounds of the bands of σ.
const BOUNDS: [f64; 4] = [0.1, 0.3, 1.0, 3.0];

/// One line of `stats.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// Images seen.
    pub images: u64,
    /// Steps made.
    pub steps: u64,
    /// Mean loss since the last status, each pixel's λ(σ)·(D − y)²: 1 for a network that knows nothing.
    pub loss: f64,
    /// The same for each band of σ.
    pub bands: Vec<Band>,
    /// Share of the images that a classifier put into the right class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Of the last step.
    pub learning_rate: f64,
    /// Mean norm of the gradients.
    pub gradient_norm: f64,
    /// Entries of gradients that were not finite, since the start.
    pub zeroed: u64,
    /// Images a second, since the last status.
    pub images_per_second: f64,
    /// Seconds of training, interruptions left out.
    pub elapsed_seconds: f64,
}

/// The loss in a band of noise levels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Band {
    /// Noise levels from this on.
    pub from: f64,
    /// How many images there were.
    pub images: u64,
    /// Their mean loss; `null` for none.
    pub loss: Option<f64>,
}

/// Sums since the last status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    counts: [u64; BOUNDS.len() + 1],
    losses: [f64; BOUNDS.len() + 1],
    judged: u64,
    correct: u64,
    steps: u64,
    gradient_norms: f64,
    learning_rate: f64,
    pub(crate) seconds: f64,
}

/// Where a run is when a status is asked for.
pub(crate) struct Place {
    pub(crate) images: u64,
    pub(crate) steps: u64,
    pub(crate) zeroed: u64,
    pub(crate) elapsed_seconds: f64,
}

impl Tally {
    pub(crate) fn add(&mut self, report: &Report, seconds: f64) {
        for &Observation {
            sigma,
            loss,
            correct,
        } in &report.observations
        {
            let band = BOUNDS.iter().filter(|&&bound| sigma >= bound).count();
            self.counts[band] += 1;
            self.losses[band] += loss;
            self.judged += u64::from(correct.is_some());
            self.correct += u64::from(correct == Some(true));
        }
        self.steps += 1;
        self.gradient_norms += report.gradient_norm;
        self.learning_rate = report.learning_rate;
        self.seconds += seconds;
    }

    /// What was added, and starts again.
    pub(crate) fn take(&mut self, place: &Place) -> Status {
        let tally = std::mem::take(self);
        let images: u64 = tally.counts.iter().sum();
        let bands = tally.counts.iter().zip(&tally.losses).enumerate();
        let bands = bands.map(|(band, (&images, &loss))| Band {
            from: if band == 0 { 0.0 } else { BOUNDS[band - 1] },
            images,
            loss: (images > 0).then(|| loss / images as f64),
        });
        Status {
            images: place.images,
            steps: place.steps,
            loss: tally.losses.iter().sum::<f64>() / images as f64,
            bands: bands.collect(),
            accuracy: (tally.judged > 0).then(|| tally.correct as f64 / tally.judged as f64),
            learning_rate: tally.learning_rate,
            gradient_norm: tally.gradient_norms / tally.steps as f64,
            zeroed: place.zeroed,
            images_per_second: images as f64 / tally.seconds,
            elapsed_seconds: place.elapsed_seconds,
        }
    }
}
