//! The Fréchet distance between two Gaussians, which is FID where the features are Inception's. Heusel et al. 2017, *GANs Trained by a Two
//! Time-Scale Update Rule Converge to a Local Nash Equilibrium*, section 2; Dowson & Landau 1982 for the formula.
//!
//! |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½). With Σ = L·Lᵀ the last trace is the sum of the singular values of L₁ᵀ·L₂: no matrix that is not
//! symmetric needs a root, nothing becomes complex, and small singular values keep their digits, which the eigenvalues of a product of
//! covariances lose. Pivoting ends a factor at the rank of its matrix: with fewer images than features it is that narrow.

use faer::{
    Mat, Par, Spec,
    dyn_stack::{MemBuffer, MemStack},
    get_global_parallelism,
    linalg::cholesky::llt_pivoting::factor::{
        PivLltParams, cholesky_in_place, cholesky_in_place_scratch,
    },
};

use crate::{Error, Result, Statistics};

/// The part of a covariance's trace that its factor may leave out.
const NEGLIGIBLE: f64 = 1e-8;

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
    let factors = [factor(one)?, factor(other)?];
    let product = factors[0].transpose() * &factors[1];
    let singular_values = product.singular_values().map_err(|_| {
        Error::Features("the singular values of the covariances cannot be found".to_owned())
    })?;
    let common: f64 = singular_values.iter().sum();
    Ok(Frechet {
        means,
        covariances: trace(one) + trace(other) - 2.0 * common,
    })
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

fn no_covariance() -> Error {
    Error::Features(
        "a matrix that is no covariance: in some direction its variance is negative".to_owned(),
    )
}
