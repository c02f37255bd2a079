//! `truncate:w`: lengthening the score, by a model of a flat density. Karras et al. 2024, section 3: "naive truncation",
//! D = x + w·(D_m − x).
//!
//! Cost: none.

use candle_core::Tensor;

use crate::{
    Denoiser, Evaluations, Result, Sigma,
    guidance::text::{Keys, Method, Read},
};

/// The weakest model there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truncate;

impl Method for Truncate {
    const NAME: &'static str = "truncate";

    fn read(_keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self)
    }
}

/// A model of a flat density: its score is zero, so it returns its input and costs nothing.
///
/// Guiding by it multiplies the score of the strong model by w, which lowers the sampling temperature: the "naive
/// truncation" of Karras et al. 2024, section 3.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flat;

impl Denoiser for Flat {
    fn denoise(&mut self, noisy: &Tensor, _sigma: Sigma) -> Result<Tensor> {
        Ok(noisy.clone())
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations::default()
    }
}
