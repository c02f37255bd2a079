//! Gaussian mixtures, for which everything is known: the ideal denoiser at every noise level and, in one
//! dimension, the exact solution of the probability-flow equation. The truth that samplers are tested against.

use candle_core::Tensor;

use crate::{Denoiser, Error, Evaluations, Result, Sigma};

/// A mixture Σ πₖ N(μₖ, sₖ² I) over images of any shape whose pixels are independent draws of the one-dimensional
/// mixture.
#[derive(Debug, Clone)]
pub struct Mixture {
    components: Vec<Component>,
    evaluations: u64,
}

#[derive(Debug, Clone, Copy)]
struct Component {
    share: f64,
    mean: f64,
    variance: f64,
}

impl Mixture {
    /// From (weight, mean, standard deviation) of each component; weights are normalised.
    pub fn new(components: &[(f64, f64, f64)]) -> Result<Self> {
        let allowed = |&(weight, mean, deviation): &(f64, f64, f64)| {
            weight > 0.0
                && weight.is_finite()
                && mean.is_finite()
                && deviation >= 0.0
                && deviation.is_finite()
        };
        if components.is_empty() || !components.iter().all(allowed) {
            let problem =
                "needs components with positive weights, finite means and standard deviations"
                    .into();
            return Err(Error::Schedule {
                schedule: "mixture",
                problem,
            });
        }
        let total: f64 = components.iter().map(|component| component.0).sum();
        let component = |&(weight, mean, deviation): &(f64, f64, f64)| Component {
            share: weight / total,
            mean,
            variance: deviation * deviation,
        };
        Ok(Self {
            components: components.iter().map(component).collect(),
            evaluations: 0,
        })
    }

    /// E[x₀ | x] at noise level σ: the ideal denoiser of one pixel.
    pub fn ideal(&self, x: f64, sigma: Sigma) -> f64 {
        let noise = sigma.get() * sigma.get();
        let log_weight = |component: &Component| {
            let variance = component.variance + noise;
            component.share.ln()
                - 0.5 * variance.ln()
                - 0.5 * (x - component.mean).powi(2) / variance
        };
        let highest = self
            .components
            .iter()
            .map(log_weight)
            .fold(f64::NEG_INFINITY, f64::max);
        let (mut weights, mut sum) = (0.0, 0.0);
        for component in &self.components {
            let weight = (log_weight(component) - highest).exp();
            let gain = component.variance / (component.variance + noise);
            weights += weight;
            sum += weight * (component.mean + gain * (x - component.mean));
        }
        sum / weights
    }

    /// Where the probability-flow equation carries x from one noise level to another.
    ///
    /// The flow keeps the order of points and carries one marginal density into the other, so in one dimension
    /// it keeps quantiles: the answer solves F(x'; σ') = F(x; σ) for the marginal distribution functions F.
    pub fn flow(&self, x: f64, from: Sigma, to: Sigma) -> f64 {
        let quantile = Quantile::of(self, x, from);
        let reach = self
            .components
            .iter()
            .map(|c| c.mean.abs() + 40.0 * (c.variance + 1.0).sqrt())
            .fold(0.0, f64::max);
        let (mut low, mut high) = (-reach * (1.0 + to.get()), reach * (1.0 + to.get()));
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if quantile.is_above(&Quantile::of(self, middle, to)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

/// A point's place in a distribution: the mass below and the mass above it. Both, because far out in a tail
/// only the smaller of the two is known with full precision.
struct Quantile {
    below: f64,
    above: f64,
}

impl Quantile {
    fn of(mixture: &Mixture, x: f64, sigma: Sigma) -> Self {
        let mut place = Self {
            below: 0.0,
            above: 0.0,
        };
        for component in &mixture.components {
            let z =
                (x - component.mean) / (2.0 * (component.variance + sigma.get().powi(2))).sqrt();
            place.below += component.share * 0.5 * libm::erfc(-z);
            place.above += component.share * 0.5 * libm::erfc(z);
        }
        place
    }

    fn is_above(&self, other: &Self) -> bool {
        if self.below < self.above {
            self.below > other.below
        } else {
            self.above < other.above
        }
    }
}

impl Denoiser for Mixture {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.evaluations += 1;
        let values = noisy
            .to_dtype(candle_core::DType::F64)?
            .flatten_all()?
            .to_vec1::<f64>()?;
        let clean: Vec<f64> = values.into_iter().map(|x| self.ideal(x, sigma)).collect();
        Ok(Tensor::from_vec(clean, noisy.shape(), noisy.device())?.to_dtype(noisy.dtype())?)
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations {
            strong: self.evaluations,
            weak: 0,
        }
    }
}
