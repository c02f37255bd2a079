//! How strong guidance is, whatever its method: the scale at which classifier-free guidance would go as far in its own direction.
//!
//! Methods with other formulas have weights that mean other things, and many that seem better are only stronger ("GA-Eval", arXiv
//! 2602.22570). With Δ = D_m − D_u of the main model and one without a condition, a guided estimate D is as strong as classifier-free guidance
//! at w = 1 + ⟨D − D_m, Δ⟩ / ⟨Δ, Δ⟩, with both products summed over the evaluations of some trajectories, each weighed by how much of an estimate
//! becomes part of the image: 1 − σ'/σ in a step from σ to σ'.

use candle_core::{DType, Tensor};

use crate::{Denoiser, Estimate, Evaluations, NoiseLevels, Result, Sigma};

/// A guided denoiser that is measured while it is used. It costs both models once more at each evaluation.
pub struct Gauge<D, M, U> {
    guided: D,
    main: M,
    unconditional: U,
    along: f64,
    square: f64,
    /// What the step takes of an estimate.
    share: f64,
}

impl<D: Denoiser, M: Denoiser, U: Denoiser> Gauge<D, M, U> {
    /// Measures `guided`, which is `main` with guidance, by classifier-free guidance of the same model.
    pub fn new(guided: D, main: M, unconditional: U) -> Self {
        Self {
            guided,
            main,
            unconditional,
            along: 0.0,
            square: 0.0,
            share: 1.0,
        }
    }

    /// The effective scale so far; not a number before the first evaluation, and where both models always agree.
    pub fn scale(&self) -> f64 {
        1.0 + self.along / self.square
    }
}

impl<D: Denoiser, M: Denoiser, U: Denoiser> Denoiser for Gauge<D, M, U> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        Ok(self.estimate(noisy, sigma)?.clean)
    }

    fn estimate(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Estimate> {
        let estimate = self.guided.estimate(noisy, sigma)?;
        let main = self.main.denoise(noisy, sigma)?;
        let difference = (&main - self.unconditional.denoise(noisy, sigma)?)?;
        let product = |one: &Tensor| -> Result<f64> {
            let product = (one.to_dtype(DType::F64)? * difference.to_dtype(DType::F64)?)?;
            Ok(product.sum_all()?.to_scalar::<f64>()? * self.share * self.share)
        };
        let (along, square) = (product(&(&estimate.clean - &main)?)?, product(&difference)?);
        self.along += along;
        self.square += square;
        Ok(estimate)
    }

    fn splits(&self) -> bool {
        self.guided.splits()
    }

    fn evaluations(&self) -> Evaluations {
        self.guided.evaluations()
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        self.guided.begin_trajectory(levels);
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        self.share = 1.0 - to.get() / from.get();
        self.guided.begin_step(from, to);
    }
}

impl<D, M, U> std::fmt::Debug for Gauge<D, M, U> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Gauge")
            .field("along", &self.along)
            .field("square", &self.square)
            .finish_non_exhaustive()
    }
}
