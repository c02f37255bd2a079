//! EDM and EDM2. Karras et al. 2022, Table 1; the published networks use σ_data = 0.5.

use super::{Precondition, Scaling};
use crate::Sigma;

/// Unit variance at the network's input and target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edm {
    /// Standard deviation of the data.
    pub sigma_data: f64,
}

impl Precondition for Edm {
    fn scaling(&self, sigma: Sigma) -> Scaling {
        let (sigma, data) = (sigma.get(), self.sigma_data);
        let total = sigma * sigma + data * data;
        Scaling {
            c_skip: data * data / total,
            c_out: sigma * data / total.sqrt(),
            c_in: 1.0 / total.sqrt(),
            c_noise: sigma.ln() / 4.0,
        }
    }
}
