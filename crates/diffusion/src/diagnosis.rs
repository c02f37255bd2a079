//! Whether a guide can help: how its error goes with that of the model it guides, at one noise level.
//!
//! Guidance adds (w − 1)·Δ with Δ = D_m − D_g. It helps where the guide makes the main model's errors, but larger ones: then Δ points from
//! the main model's estimate towards the truth. Karras et al. 2024 (arXiv 2406.02507), section 5, find that a guide with the same kind
//! of degradation helps and one with another kind does not; here that condition is a number.
//!
//! Errors are e = D(x; σ) − truth. The truth is the ideal denoiser D* where that is known. Elsewhere it is the clean image x₀ that
//! x = x₀ + σ·n was made of, and both errors have the part D* − x₀ in common, which no denoiser can avoid: norms are larger by it, the
//! correlation is nearer to 1 and the angle nearer to 90°. In expectation that part is orthogonal to whatever depends on x alone, so the
//! sign of what the angle says and the best weight stay what they are with D*.

use candle_core::{DType, Tensor};

use crate::{Error, Result};

/// Sums over estimates of a main model and of its guide.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Errors {
    count: f64,
    main: Moments,
    guide: Moments,
    /// Σ e_m·e_g.
    product: f64,
    /// Σ Δ².
    difference: f64,
    /// Σ Δ·(−e_m).
    toward: f64,
}

/// Sum and sum of squares.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Moments {
    sum: f64,
    squares: f64,
}

/// What the errors come to. All root mean squares are over all numbers of all images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compatibility {
    /// Root mean square of e_m.
    pub main_error: f64,
    /// Root mean square of e_g.
    pub guide_error: f64,
    /// Pearson's correlation of e_m and e_g; none if one of them is constant.
    pub correlation: Option<f64>,
    /// Root mean square of Δ.
    pub difference: f64,
    /// Between Δ and −e_m, in degrees: below 90 a little guidance makes the error smaller, above it larger. None if one of them is 0.
    pub angle: Option<f64>,
    /// The w for which the root mean square of D_m + (w − 1)·Δ − truth is least: 1 + ⟨Δ, −e_m⟩/‖Δ‖². None if Δ is 0.
    pub best_weight: Option<f64>,
}

impl Errors {
    /// Adds estimates of both models, and the truth, all of the same shape.
    pub fn add(&mut self, main: &Tensor, guide: &Tensor, truth: &Tensor) -> Result<()> {
        for (what, tensor) in [("the guide's estimate", guide), ("the truth", truth)] {
            if tensor.dims() != main.dims() {
                let (found, expected) = (tensor.dims().to_vec(), main.dims().to_vec());
                return Err(Error::Shape {
                    what,
                    found,
                    expected,
                });
            }
        }
        let [main, guide, truth] = [numbers(main)?, numbers(guide)?, numbers(truth)?];
        for ((main, guide), truth) in main.iter().zip(&guide).zip(&truth) {
            let [main, guide, truth] = [main, guide, truth].map(|number| f64::from(*number));
            let (main, guide, difference) = (main - truth, guide - truth, main - guide);
            self.count += 1.0;
            self.main.add(main);
            self.guide.add(guide);
            self.product += main * guide;
            self.difference += difference * difference;
            self.toward -= difference * main;
        }
        Ok(())
    }

    /// What they come to; of nothing, errors of 0.
    pub fn compatibility(&self) -> Compatibility {
        let count = self.count.max(1.0);
        let root = |sum: f64| (sum / count).sqrt();
        let covariance = self.product / count - self.main.sum * self.guide.sum / (count * count);
        let variances = self.main.variance(count) * self.guide.variance(count);
        let norms = (self.difference * self.main.squares).sqrt();
        let some = |top: f64, below: f64| (below > 0.0).then(|| top / below);
        let cosine = some(self.toward, norms);
        Compatibility {
            main_error: root(self.main.squares),
            guide_error: root(self.guide.squares),
            correlation: some(covariance, variances.sqrt()),
            difference: root(self.difference),
            angle: cosine.map(|cosine| cosine.clamp(-1.0, 1.0).acos().to_degrees()),
            best_weight: some(self.toward, self.difference).map(|excess| 1.0 + excess),
        }
    }
}

impl Compatibility {
    /// Root mean square of D_m + (w − 1)·Δ − truth over that of e_m; none if e_m is 0.
    pub fn error_left(&self, weight: f64) -> Option<f64> {
        if self.main_error <= 0.0 {
            return None;
        }
        let (main, difference) = (self.main_error.powi(2), self.difference.powi(2));
        let toward = self
            .best_weight
            .map_or(0.0, |best| (best - 1.0) * difference);
        let excess = weight - 1.0;
        let left = main - 2.0 * excess * toward + excess * excess * difference;
        Some((left.max(0.0) / main).sqrt())
    }
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.squares += value * value;
    }

    fn variance(&self, count: f64) -> f64 {
        (self.squares / count - (self.sum / count).powi(2)).max(0.0)
    }
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.flatten_all()?.to_dtype(DType::F32)?.to_vec1()?)
}
