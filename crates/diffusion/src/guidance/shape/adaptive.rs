//! `adaptive(threshold,space)`: adaptive guidance, without the weak network once it agrees. Castillo et al. 2023, arXiv 2312.12487.
//!
//! At each evaluation γ = cos(D_m, D_weak) of an image is compared with the threshold, 0.991 by default. From the evaluation after
//! the first γ above it on, an image is the strong estimate alone. Each image decides for itself, and then keeps to it whatever its
//! batch does; the weak network rests when all images of the batch have decided.
//!
//! `space=image` compares estimates of the image. `noise` compares those of the noise: with networks that see noise of σ = 80 any two
//! of these agree from the start, so there it ends guidance at once; it is meant for schedules that begin at σ near 10.
//! Cost: the weak network's, until all have decided.

use candle_core::Tensor;

use super::{Evaluation, SPACES, Space};
use crate::{
    Result,
    guidance::{
        images::{Factor, count, dot},
        text::{Allowed, Keys, Method, Read, number, words},
    },
};

/// Guidance until both agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adaptive {
    /// γ above which they do; 0.991 by default.
    pub threshold: f64,
    /// What is compared; estimates of the image by default.
    pub space: Space,
}

impl Method for Adaptive {
    const NAME: &'static str = "adaptive";
    const KEYS: &'static [&'static str] = &["threshold", "space"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            threshold: keys.number("threshold", 0.991, Allowed::COSINE)?,
            space: keys.word("space", &SPACES)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.threshold), words(&SPACES, self.space)]
    }
}

/// Which images have decided, on one trajectory.
pub(in crate::guidance) struct Settled {
    settings: Adaptive,
    images: Vec<bool>,
}

impl Settled {
    pub(in crate::guidance) fn new(settings: Adaptive) -> Self {
        Self {
            settings,
            images: Vec::new(),
        }
    }

    pub(in crate::guidance) fn begin_trajectory(&mut self) {
        self.images.clear();
    }

    /// Whether all images have decided.
    pub(in crate::guidance) fn all(&self) -> bool {
        !self.images.is_empty() && self.images.iter().all(|settled| *settled)
    }

    /// 0 for the images that have decided, 1 for the others.
    pub(in crate::guidance) fn mask(&self, images: usize) -> Factor {
        if self.images.len() != images || !self.images.contains(&true) {
            return Factor::Same(1.0);
        }
        Factor::Each(
            self.images
                .iter()
                .map(|settled| f64::from(u8::from(!settled)))
                .collect(),
        )
    }

    /// Lets the others decide, now that both estimates are known.
    pub(in crate::guidance) fn decide(&mut self, at: &Evaluation<'_>, weak: &Tensor) -> Result<()> {
        let cosines = match self.settings.space {
            Space::Image => cosines(at.strong, weak)?,
            Space::Noise => cosines(&(at.noisy - at.strong)?, &(at.noisy - weak)?)?,
        };
        self.images.resize(count(weak), false);
        for (settled, cosine) in self.images.iter_mut().zip(cosines) {
            *settled |= cosine > self.settings.threshold;
        }
        Ok(())
    }
}

fn cosines(left: &Tensor, right: &Tensor) -> Result<Vec<f64>> {
    let products = dot(left, right)?;
    let (left, right) = (dot(left, left)?, dot(right, right)?);
    let sizes = left
        .iter()
        .zip(&right)
        .map(|(left, right)| (left * right).sqrt());
    Ok(products
        .iter()
        .zip(sizes)
        .map(|(product, size)| product / size)
        .collect())
}
