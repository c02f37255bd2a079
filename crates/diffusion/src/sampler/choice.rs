//! The samplers by name, for command lines and for tests that run over all of them.

use super::{
    Churn, Ddim, Ddpm, DpmSolver, DpmSolverPp2m, DpmSolverPp2mSde, DpmSolverPp2s, DpmSolverPp3m,
    Euler, EulerAncestral, Heun, Quadratic, Sampler, Variance,
};
use crate::{Error, Result};

/// A sampler with its parameters, not yet on a trajectory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SamplerChoice {
    /// [`Euler`].
    Euler,
    /// [`Heun`] with churn.
    Heun(Churn),
    /// [`Ddim`] with η.
    Ddim(f64),
    /// [`Ddpm`] with its variance.
    Ddpm(Variance),
    /// [`EulerAncestral`] with η.
    EulerAncestral(f64),
    /// [`DpmSolver`] of an order.
    DpmSolver(DpmSolver),
    /// [`DpmSolverPp2s`].
    DpmSolverPp2s,
    /// [`DpmSolverPp2m`].
    DpmSolverPp2m,
    /// [`DpmSolverPp3m`] with the weight of its quadratic term.
    DpmSolverPp3m(Quadratic),
    /// [`DpmSolverPp2mSde`] with η.
    DpmSolverPp2mSde(f64),
}

impl SamplerChoice {
    /// Every sampler by its name, with its usual parameters.
    pub const NAMED: [(&str, Self); 14] = [
        ("euler", Self::Euler),
        ("heun", Self::Heun(Churn::NONE)),
        ("ddim", Self::Ddim(0.0)),
        ("ddpm", Self::Ddpm(Variance::Posterior)),
        ("ddpm-upper", Self::Ddpm(Variance::Upper)),
        ("euler-ancestral", Self::EulerAncestral(1.0)),
        ("dpm-solver-1", Self::DpmSolver(DpmSolver::First)),
        ("dpm-solver-2", Self::DpmSolver(DpmSolver::Second)),
        ("dpm-solver-3", Self::DpmSolver(DpmSolver::Third)),
        ("dpm-solver++-2s", Self::DpmSolverPp2s),
        ("dpm-solver++-2m", Self::DpmSolverPp2m),
        ("dpm-solver++-3m", Self::DpmSolverPp3m(Quadratic::Exact)),
        (
            "dpm-solver++-3m-published",
            Self::DpmSolverPp3m(Quadratic::Published),
        ),
        ("dpm-solver++-2m-sde", Self::DpmSolverPp2mSde(1.0)),
    ];

    /// Makes the sampler for one trajectory of `steps` steps.
    pub fn build(&self, steps: usize) -> Result<Box<dyn Sampler>> {
        Ok(match *self {
            Self::Euler => Box::new(Euler),
            Self::Heun(churn) => Box::new(Heun::with_churn(churn, steps)?),
            Self::Ddim(eta) => Box::new(Ddim::new(eta)?),
            Self::Ddpm(variance) => Box::new(Ddpm { variance }),
            Self::EulerAncestral(eta) => Box::new(EulerAncestral::new(eta)?),
            Self::DpmSolver(order) => Box::new(order),
            Self::DpmSolverPp2s => Box::new(DpmSolverPp2s),
            Self::DpmSolverPp2m => Box::new(DpmSolverPp2m::default()),
            Self::DpmSolverPp3m(quadratic) => Box::new(DpmSolverPp3m::new(quadratic)),
            Self::DpmSolverPp2mSde(eta) => Box::new(DpmSolverPp2mSde::new(eta)?),
        })
    }
}

impl std::str::FromStr for SamplerChoice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::NAMED.iter().find(|(known, _)| *known == name);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = Self::NAMED.iter().map(|(known, _)| *known).collect();
            Error::Sampler(format!(
                "unknown sampler '{name}', known are {}",
                names.join(", ")
            ))
        })
    }
}
