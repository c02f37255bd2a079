//! What is made of the difference of strong and weak, one file each.
//!
//! A term adds g = (w(σ) − 1)·Δ, with Δ = D_m − D_weak, to the strong estimate. Shapes change Δ and its factor, in the order
//! written. Three do something else, wherever they stand: `adaptive` and `refresh` decide whether the weak network is run, and
//! `plus-plus` says which estimate the sampler computes the noise from.
//!
//! All norms and products are of one image: of all its channels and pixels, never of a batch.

mod adaptive;
mod apg;
mod frequency;
mod mambo;
mod plus_plus;
mod refresh;
mod tangential;
mod zero_star;

pub use adaptive::Adaptive;
pub use apg::{Apg, ApgDialect};
pub use frequency::FrequencyDecoupled;
pub use mambo::Mambo;
pub use plus_plus::PlusPlus;
pub use refresh::Refresh;
pub use tangential::Tangential;
pub use zero_star::ZeroStar;

pub(super) use adaptive::Settled;

use candle_core::Tensor;

use super::{images::Factor, text::methods};
use crate::{Result, Sigma};

methods! {
    /// A shape of the difference.
    Shape {
        /// `apg(eta,norm,momentum,dialect)`
        Apg(Apg),
        /// `zero-star(zero)`
        ZeroStar(ZeroStar),
        /// `tcfg(space)`
        Tangential(Tangential),
        /// `fdg(low,high,levels)`
        FrequencyDecoupled(FrequencyDecoupled),
        /// `mambo(alpha)`
        Mambo(Mambo),
        /// `adaptive(threshold,space)`
        Adaptive(Adaptive),
        /// `refresh(every)`
        Refresh(Refresh),
        /// `plus-plus`
        PlusPlus(PlusPlus),
    }
}

/// What is known at one evaluation.
pub(super) struct Evaluation<'e> {
    /// x `[batch, channels, height, width]`.
    pub noisy: &'e Tensor,
    pub sigma: Sigma,
    /// The step σ → σ' that the evaluation belongs to, if a sampler has begun one.
    pub step: Option<(Sigma, Sigma)>,
    /// D_m, in the shape of x.
    pub strong: &'e Tensor,
    /// w(σ) − 1, or s(σ) of a classifier.
    pub excess: f64,
}

/// factor·difference, which is added to the strong estimate.
pub(super) struct Addition {
    pub difference: Tensor,
    pub factor: Factor,
}

/// A shape at work on one trajectory.
pub(super) trait Shaping {
    /// Changes an addition. Not called where the term does not act.
    fn shape(&mut self, addition: Addition, at: &Evaluation<'_>) -> Result<Addition>;

    /// Forgets another trajectory.
    fn begin_trajectory(&mut self) {}
}

impl Shape {
    /// Whether it needs what a weak model estimates, and not only a direction.
    pub(super) fn needs_weak_estimate(&self) -> bool {
        match self {
            Self::FrequencyDecoupled(_) | Self::Refresh(_) => false,
            Self::Apg(apg) => apg.needs_weak_estimate(),
            Self::ZeroStar(_)
            | Self::Tangential(_)
            | Self::Mambo(_)
            | Self::Adaptive(_)
            | Self::PlusPlus(_) => true,
        }
    }

    /// The shape at work, if it is one that changes the difference.
    pub(super) fn at_work(&self) -> Option<Box<dyn Shaping>> {
        match self {
            Self::Apg(apg) => Some(Box::new(apg.at_work())),
            Self::ZeroStar(zero_star) => Some(Box::new(*zero_star)),
            Self::Tangential(tangential) => Some(Box::new(*tangential)),
            Self::FrequencyDecoupled(decoupled) => Some(Box::new(*decoupled)),
            Self::Mambo(mambo) => Some(Box::new(*mambo)),
            Self::Adaptive(_) | Self::Refresh(_) | Self::PlusPlus(_) => None,
        }
    }
}

/// Where vectors are compared whose angles depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Space {
    /// Estimates of the image, D.
    #[default]
    Image,
    /// Estimates of the noise, ε = (x − D)/σ.
    Noise,
}

const SPACES: [(&str, Space); 2] = [("image", Space::Image), ("noise", Space::Noise)];
