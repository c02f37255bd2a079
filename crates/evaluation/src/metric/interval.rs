//! Numbers with an error: the mean of independent estimates, and where the truth is.

/// The mean of independent estimates of the same number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// How many estimates there are.
    pub estimates: usize,
}

impl Mean {
    /// Of at least one estimate. One alone has an error that is not a number.
    pub fn of(estimates: &[f64]) -> Self {
        let count = estimates.len() as f64;
        let value = estimates.iter().sum::<f64>() / count;
        let squares = estimates.iter().map(|estimate| (estimate - value).powi(2));
        let variance = squares.sum::<f64>() / (count - 1.0);
        Self {
            value,
            error: (variance / count).sqrt(),
            estimates: estimates.len(),
        }
    }

    /// Half of the interval that holds the truth 95 times of 100.
    pub fn margin(&self) -> f64 {
        self.error * students_quantile(self.estimates.saturating_sub(1))
    }
}

/// Between minus this and this lie 95 % of Student's distribution with so many degrees of freedom.
pub(super) fn students_quantile(freedom: usize) -> f64 {
    const FEW: [f64; 9] = [
        12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004,
        2.262_157,
    ];
    match freedom {
        0 => f64::NAN,
        1..=9 => FEW[freedom - 1],
        _ => {
            // Cornish and Fisher's expansion. Abramowitz & Stegun 1964, 26.7.5.
            let (z, n) = (1.959_963_985_f64, freedom as f64);
            let [z3, z5, z7, z9] = [3, 5, 7, 9].map(|power| z.powi(power));
            z + (z3 + z) / (4.0 * n)
                + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * n * n)
                + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * n.powi(3))
                + (79.0 * z9 + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * z)
                    / (92_160.0 * n.powi(4))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mean, students_quantile};

    #[test]
    fn quantiles_are_those_of_tables() {
        // scipy.stats.t.ppf(0.975, …)
        let known = [
            (10, 2.228_138_9),
            (11, 2.200_985_2),
            (30, 2.042_272_5),
            (999, 1.962_341_5),
        ];
        for (freedom, expected) in known {
            let found = students_quantile(freedom);
            assert!((found - expected).abs() < 2e-5, "{freedom}: {found}");
        }
        assert!(students_quantile(9) > students_quantile(10));
    }

    #[test]
    fn a_mean_knows_its_error() {
        let mean = Mean::of(&[1.0, 2.0, 3.0, 6.0]);
        // Variance 14/3, over 4.
        assert!((mean.value - 3.0).abs() < 1e-15);
        assert!((mean.error - (14.0_f64 / 12.0).sqrt()).abs() < 1e-15);
        assert!(Mean::of(&[1.0]).margin().is_nan());
    }
}
