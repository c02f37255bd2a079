//! The Fréchet distance between two Gaussians, which is FID where the features are Inception's. Heusel et al. 2017, *GANs Trained by a Two
//! Time-Scale Update Rule Converge to a Local Nash Equilibrium*, section 2; Dowson & Landau 1982 for the formula.
//!
//! |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½). With Σ = L·Lᵀ the last trace is the sum of the singular values of L₁ᵀ·L₂: no matrix that is not
//! symmetric needs a root, nothing becomes complex, and small singular values keep their digits, which the eigenvalues of a product of
//! covariances lose. Where a factor without pivoting shows that the rank is not full, pivoting ends it at the rank of its matrix: with fewer images
//! than features it is that narrow.

use faer::{
    Mat, Par, Side, Spec,
    dyn_stack::{MemBuffer, MemStack},
    get_global_parallelism,
    linalg::{
        cholesky::llt_pivoting::factor::{
            PivLltParams, cholesky_in_place, cholesky_in_place_scratch,
        },
        solvers::Llt,
    },
};

use crate::{Error, Result, Statistics};

/// The part of a covariance's trace that its factor may leave out.
const NEGLIGIBLE: f64 = 1e-8;

/// The part of the distance that may be wrong where the faster way is taken.
const ALLOWED: f64 = 1e-9;
/// How much more than ε·λmax an eigenvalue may be wrong: at 40 to 900 dimensions and spectra over up to seven orders of magnitude the sum of the
/// roots was wrong by a third of the estimate at most.
const ROUNDING: f64 = 2.0;

/// The least pivot of a factor, relative to the largest, that is no rounding.
const FULL_RANK: f64 = 1e-10;

/// The squared distance, and its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frechet {
    /// |μ₁ − μ₂|², how far apart the centres are.
    pub means: f64,
    /// tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½), how differently the features spread.
    pub covariances: f64,
}

impl Frechet {
    /// What is published as FID or FD.
    pub fn distance(self) -> f64 {
        self.means + self.covariances
    }
}

/// The distance between what two sets of images are like.
pub fn frechet(one: &Statistics, other: &Statistics) -> Result<Frechet> {
    let (width, others) = (one.mean.len(), other.mean.len());
    if width != others {
        return Err(Error::Features(format!(
            "features of {width} and of {others} numbers cannot be compared"
        )));
    }
    let distances = one.mean.iter().zip(&other.mean);
    let means = distances.map(|(one, other)| (one - other).powi(2)).sum();
    let product = factor(one)?.transpose() * factor(other)?;
    let traces = trace(one) + trace(other);
    let distance = |common: f64| Frechet {
        means,
        covariances: traces - 2.0 * common,
    };
    if let Some((common, error)) = by_eigenvalues(&product) {
        let found = distance(common);
        if 2.0 * error <= ALLOWED * found.distance() {
            return Ok(found);
        }
    }
    Ok(distance(by_singular_values(&product)?))
}

/// The sum of a matrix's singular values, each to many digits.
fn by_singular_values(product: &Mat<f64>) -> Result<f64> {
    let singular_values = product.singular_values().map_err(|_| {
        Error::Features("the singular values of the covariances cannot be found".to_owned())
    })?;
    Ok(singular_values.iter().sum())
}

/// The same of a square matrix in a third of the time, as roots of the eigenvalues of its square, and an estimate of its error: rounding
/// moves each λ by about ε·λmax, a root by that over 2·√λ, and the roots' errors are as good as independent.
fn by_eigenvalues(product: &Mat<f64>) -> Option<(f64, f64)> {
    if product.nrows() != product.ncols() || product.nrows() == 0 {
        return None;
    }
    let square = product.transpose() * product;
    let eigenvalues = square.self_adjoint_eigenvalues(Side::Lower).ok()?;
    let largest = eigenvalues.iter().copied().fold(0.0, f64::max);
    if eigenvalues.iter().any(|&eigenvalue| eigenvalue <= 0.0) {
        return None;
    }
    let inverses: f64 = eigenvalues.iter().map(|eigenvalue| 1.0 / eigenvalue).sum();
    let sum: f64 = eigenvalues.iter().map(|value| value.sqrt()).sum();
    let of_roots = ROUNDING * f64::EPSILON * largest * inverses.sqrt() / 2.0;
    let of_the_sum = f64::EPSILON * eigenvalues.len() as f64 * sum;
    Some((sum, of_roots + of_the_sum))
}

fn trace(statistics: &Statistics) -> f64 {
    let width = statistics.mean.len();
    statistics.covariance.iter().step_by(width + 1).sum()
}

/// L `[features, rank]` of Σ = L·Lᵀ.
fn factor(statistics: &Statistics) -> Result<Mat<f64>> {
    let width = statistics.mean.len();
    let covariance = &statistics.covariance;
    if statistics
        .mean
        .iter()
        .chain(covariance)
        .any(|number| !number.is_finite())
    {
        return Err(Error::Features("statistics that are not finite".to_owned()));
    }
    if trace(statistics) == 0.0 {
        // Features that are all alike: pivoting would divide by the root of nothing.
        return Ok(Mat::zeros(width, 0));
    }
    let mut lower = Mat::from_fn(width, width, |row, column| covariance[row * width + column]);
    if let Ok(plain) = lower.llt(Side::Lower)
        && is_of_full_rank(&plain)
    {
        return Ok(plain.L().to_owned());
    }
    let (mut order, mut inverse) = (vec![0_usize; width], vec![0_usize; width]);
    let params = Spec::<PivLltParams, f64>::default();
    let parallel: Par = get_global_parallelism();
    let scratch = cholesky_in_place_scratch::<usize, f64>(width, parallel, params);
    let factored = cholesky_in_place(
        lower.as_mut(),
        &mut order,
        &mut inverse,
        parallel,
        MemStack::new(&mut MemBuffer::new(scratch)),
        params,
    );
    let (info, _) = factored.map_err(|_| no_covariance())?;
    let factor = Mat::from_fn(width, info.rank, |row, column| {
        let place = inverse[row];
        if place >= column {
            lower[(place, column)]
        } else {
            0.0
        }
    });
    // What a factor leaves out is rounding, unless the matrix has directions of negative variance.
    let missing = (trace(statistics) - factor.squared_norm_l2()).abs();
    if missing > NEGLIGIBLE * trace(statistics) {
        return Err(no_covariance());
    }
    Ok(factor)
}

/// Whether no direction's variance is so small that rounding may have made it: pivoting would end there.
fn is_of_full_rank(factor: &Llt<f64>) -> bool {
    let factor = factor.L();
    let pivots = (0..factor.nrows()).map(|place| factor[(place, place)].powi(2));
    let (least, most) = pivots.fold((f64::INFINITY, 0.0_f64), |(least, most), pivot| {
        (least.min(pivot), most.max(pivot))
    });
    least > FULL_RANK * most
}

fn no_covariance() -> Error {
    Error::Features(
        "a matrix that is no covariance: in some direction its variance is negative".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use faer::Mat;
    use foil_diffusion::random::{FoilStream, Stream};

    use super::{by_eigenvalues, by_singular_values};

    /// Random directions of which the last varies less than the first by this factor.
    fn graded(width: usize, factor: f64, seed: u64) -> Mat<f64> {
        let mut numbers = vec![0.0_f32; width * width];
        FoilStream::new(seed).fill_normal(&mut numbers);
        let mixed = Mat::from_fn(width, width, |row, column| {
            f64::from(numbers[row * width + column])
        });
        let rotation = mixed.qr().compute_thin_Q();
        let spread = |place: usize| factor.powf(place as f64 / (width - 1) as f64);
        let scaled = Mat::from_fn(width, width, |row, column| {
            rotation[(row, column)] * spread(column)
        });
        scaled * rotation.transpose()
    }

    #[test]
    fn the_error_of_the_faster_way_is_less_than_its_estimate() {
        for (seed, width) in (0..).zip([40, 97, 300]) {
            for factor in [1.0, 1e-2, 1e-4, 1e-6, 1e-7] {
                let product = graded(width, factor, seed);
                let truth = by_singular_values(&product).expect("singular values");
                let Some((found, estimate)) = by_eigenvalues(&product) else {
                    assert!(factor < 1e-6, "{width}, {factor}");
                    continue;
                };
                assert!(
                    (found - truth).abs() <= estimate,
                    "{width}, {factor}: {found}, {truth}, {estimate}"
                );
                // And the estimate says something.
                assert!(
                    estimate < 1e-6 * truth || factor < 1e-6,
                    "{width}, {factor}: {estimate}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_of_full_rank_goes_the_other_way() {
        assert!(by_eigenvalues(&Mat::zeros(3, 2)).is_none());
        assert!(by_eigenvalues(&Mat::zeros(3, 3)).is_none());
    }
}
