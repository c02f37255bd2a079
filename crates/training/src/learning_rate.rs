//! How large a step is, by the images seen.

use serde::{Deserialize, Serialize};

/// Constant after a linear ramp, then falling as 1/√t. Karras et al. 2024, Eq. 67.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LearningRate {
    /// α_ref, the largest.
    pub reference: f64,
    /// Images after which it falls.
    pub decay_images: u64,
    /// Images of the ramp; 0 is none. With a ramp the very first step has size 0.
    pub ramp_images: u64,
}

impl LearningRate {
    /// Of the step that begins when so many images have been seen.
    pub fn at(&self, images_seen: u64) -> f64 {
        let images = images_seen as f64;
        let decay = match self.decay_images {
            0 => 1.0,
            start => (images / start as f64).max(1.0).sqrt(),
        };
        let ramp = match self.ramp_images {
            0 => 1.0,
            ramp => (images / ramp as f64).min(1.0),
        };
        self.reference / decay * ramp
    }
}

#[cfg(test)]
mod tests {
    use super::LearningRate;

    #[test]
    fn it_has_the_values_of_the_published_schedule() {
        let rate = LearningRate {
            reference: 0.012,
            decay_images: 70_000 * 2048,
            ramp_images: 10_000_000,
        };
        let values = [
            (0, 0.0),
            (2048, 2.4576e-6),
            (10_000_000, 0.012),
            (143_360_000, 0.012),
            (286_720_000, 0.008_485_28),
            (1 << 31, 0.003_100_49),
        ];
        for (images, expected) in values {
            let found = rate.at(images);
            assert!(
                (found - expected).abs() <= 1e-5 * expected,
                "{images}: {found}"
            );
        }
    }
}
