//! `zero-star(zero)`: CFG-Zero*. Fan et al. 2025, arXiv 2503.18886.
//!
//! In velocities v = s·v_u + w·(v_c − s·v_u) with s = ⟨v_c, v_u⟩/‖v_u‖², and v = 0 in the first steps, 4 % of them by default. v is that of a
//! straight path x_t = (1−t)·x₀ + t·n: with σ = t/(1−t) it is v = (x − (1+σ)·D)/σ, in which
//! Δ = s·(D_c − D_u) − (1 − s)·(x/(1+σ) − D_c), and v = 0 is D = x/(1+σ), which leaves x_t where it is.
//!
//! The first steps are `zero` times their number, rounded; in those of them in which the term acts no network is run, and nothing
//! but finishes changes the estimate. How many steps there are is known from the sampling loop. No cost.

use super::{Addition, Evaluation, Shaping};
use crate::{
    Result,
    guidance::{
        images::{Factor, dot, plus, scaled},
        text::{Allowed, Keys, Method, Read, number},
    },
};

/// The weak velocity scaled to explain as much of the strong one as it can.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZeroStar {
    /// The share of the steps at whose start the velocity is zero; 0.04 by default.
    pub zero: f64,
}

impl Method for ZeroStar {
    const NAME: &'static str = "zero-star";
    const KEYS: &'static [&'static str] = &["zero"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            zero: keys.number("zero", 0.04, Allowed::SHARE)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![number(self.zero)]
    }
}

impl Shaping for ZeroStar {
    fn shape(&mut self, addition: Addition, at: &Evaluation<'_>) -> Result<Addition> {
        let Addition { difference, factor } = addition;
        let level = 1.0 + at.sigma.get();
        // −σ·v: the factor does not matter to s.
        let strong = plus(at.noisy, at.strong, &Factor::Same(-level))?;
        let weak = plus(&strong, &difference, &Factor::Same(level))?;
        let (products, squares) = (dot(&strong, &weak)?, dot(&weak, &weak)?);
        let scales: Vec<f64> = products
            .iter()
            .zip(&squares)
            .map(|(product, square)| if *square > 0.0 { product / square } else { 1.0 })
            .collect();
        let rest = scales.iter().map(|scale| (scale - 1.0) / level).collect();
        let difference = scaled(&difference, &Factor::Each(scales))?;
        Ok(Addition {
            difference: plus(&difference, &strong, &Factor::Each(rest))?,
            factor,
        })
    }
}
