//! Power-function averages of weights, and their reconstruction after training ("post-hoc EMA").
//! Karras et al. 2024, *Analyzing and Improving the Training Dynamics of Diffusion Models*, section 3 and appendix C.
//!
//! An average of exponent γ gives the weights at time τ the share (γ+1)·τ^γ / t^{γ+1} of the average at time t. Its
//! length is told by the relative standard deviation of that profile, as in "EMA 0.10". Times may be in images or in
//! iterations; only ratios matter.

use faer::{Mat, linalg::solvers::Solve};

/// What can be wrong with an averaging length or a reconstruction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No power function has this relative standard deviation.
    #[error("EMA length {0} is not allowed: it must be above 0 and below 0.2886 (1/√12)")]
    Length(f64),
    /// Nothing to reconstruct from, or from times that are not positive.
    #[error(
        "post-hoc EMA needs snapshots at positive times, at least one of them at the target time {target} or before it"
    )]
    Snapshots {
        /// The time asked for.
        target: f64,
    },
    /// The target time is not among the snapshots, so that the average would have to be extrapolated.
    #[error(
        "post-hoc EMA needs a snapshot at the target time {target}; the latest before it is at {latest}"
    )]
    Target {
        /// The time asked for.
        target: f64,
        /// The latest usable snapshot.
        latest: f64,
    },
    /// Two snapshots have the same time and length, or nearly so.
    #[error("post-hoc EMA cannot tell the snapshots apart: two have the same time and length")]
    Singular,
}

/// A power-function average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerFunction {
    exponent: f64,
}

impl PowerFunction {
    /// From the relative standard deviation, above 0 and below 1/√12 (a plain mean over all of training).
    pub fn from_relative_deviation(deviation: f64) -> Result<Self, Error> {
        if !(deviation > 0.0 && deviation < 1.0 / 12.0_f64.sqrt()) {
            return Err(Error::Length(deviation));
        }
        // The deviation falls with the exponent from 1/√12 at 0, and for large exponents it is 1/γ.
        let (mut low, mut high) = (0.0, 2.0 / deviation);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if (Self { exponent: middle }).relative_deviation() > deviation {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(Self {
            exponent: 0.5 * (low + high),
        })
    }

    /// γ.
    pub fn exponent(&self) -> f64 {
        self.exponent
    }

    /// √((γ+1) / ((γ+2)²(γ+3))).
    pub fn relative_deviation(&self) -> f64 {
        let exponent = self.exponent;
        ((exponent + 1.0) / ((exponent + 2.0).powi(2) * (exponent + 3.0))).sqrt()
    }

    /// The share that the average keeps when training has gone from `time` − `elapsed` to `time`:
    /// average ← β·average + (1 − β)·weights. It is 0 at the first step, so that an average needs no start.
    pub fn beta(&self, time: f64, elapsed: f64) -> f64 {
        (1.0 - elapsed / time).powf(self.exponent + 1.0)
    }

    /// Moves an average of weights to `time`.
    pub fn update(&self, average: &mut [f32], weights: &[f32], time: f64, elapsed: f64) {
        debug_assert_eq!(average.len(), weights.len());
        let new = (1.0 - self.beta(time, elapsed)) as f32;
        for (average, weight) in average.iter_mut().zip(weights) {
            *average += new * (weight - *average);
        }
    }
}

/// A stored average: when it was stored and its length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snapshot {
    /// Training time, in whatever unit.
    pub time: f64,
    /// The average.
    pub average: PowerFunction,
}

/// ∫ of the product of two profiles. Appendix C of the paper, its `p_dot_p`.
fn inner_product(a: Snapshot, b: Snapshot) -> f64 {
    let (exponent_a, exponent_b) = (a.average.exponent, b.average.exponent);
    let exponent = if a.time < b.time {
        exponent_b
    } else {
        -exponent_a
    };
    let numerator = (exponent_a + 1.0) * (exponent_b + 1.0) * (a.time / b.time).powf(exponent);
    numerator / ((exponent_a + exponent_b + 1.0) * a.time.max(b.time))
}

/// The coefficients with which stored averages add up to each wanted one: `[wanted][stored]`, each summing to 1.
///
/// All wanted averages are at one time, which must be that of a snapshot; later snapshots get coefficient 0. The system is ill-conditioned
/// by nature, so it is solved in f64 with pivoting; coefficients may be negative.
pub fn post_hoc(
    stored: &[Snapshot],
    wanted: &[PowerFunction],
    time: f64,
) -> Result<Vec<Vec<f64>>, Error> {
    let usable: Vec<usize> = (0..stored.len())
        .filter(|&index| stored[index].time <= time)
        .collect();
    if usable.is_empty()
        || stored
            .iter()
            .any(|snapshot| !(snapshot.time > 0.0 && snapshot.time.is_finite()))
    {
        return Err(Error::Snapshots { target: time });
    }
    let latest = usable
        .iter()
        .map(|&index| stored[index].time)
        .fold(0.0, f64::max);
    if latest < time {
        return Err(Error::Target {
            target: time,
            latest,
        });
    }
    let matrix = Mat::from_fn(usable.len(), usable.len(), |row, column| {
        inner_product(stored[usable[row]], stored[usable[column]])
    });
    let target = |column: usize| Snapshot {
        time,
        average: wanted[column],
    };
    let right = Mat::from_fn(usable.len(), wanted.len(), |row, column| {
        inner_product(stored[usable[row]], target(column))
    });
    let solution = matrix.partial_piv_lu().solve(&right);
    (0..wanted.len())
        .map(|column| {
            let sum: f64 = (0..usable.len()).map(|row| solution[(row, column)]).sum();
            if !(sum.is_finite() && sum != 0.0) {
                return Err(Error::Singular);
            }
            let mut coefficients = vec![0.0; stored.len()];
            for (row, &index) in usable.iter().enumerate() {
                coefficients[index] = solution[(row, column)] / sum;
            }
            Ok(coefficients)
        })
        .collect()
}

/// How far the profile that coefficients add up to is from the wanted one: the norm of the difference relative to the wanted one's.
/// The fewer snapshots there are, the larger the least that can be reached.
pub fn misfit(stored: &[Snapshot], coefficients: &[f64], wanted: Snapshot) -> f64 {
    let parts = || stored.iter().zip(coefficients);
    let with = |other: Snapshot| -> f64 {
        let products = parts().map(|(&part, share)| share * inner_product(part, other));
        products.sum()
    };
    let whole = inner_product(wanted, wanted);
    let squared: f64 = parts().map(|(&part, share)| share * with(part)).sum();
    // Rounding may take the difference of equals below zero.
    ((whole - 2.0 * with(wanted) + squared) / whole)
        .max(0.0)
        .sqrt()
}
