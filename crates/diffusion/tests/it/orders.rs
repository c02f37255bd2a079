//! The convergence order of every deterministic sampler, measured against the exact flow of a mixture.

use candle_core::{Device, Tensor};
use foil_diffusion::{
    NoiseLevels, Sigma,
    sampler::{Churn, DpmSolver, Quadratic, SamplerChoice},
    schedule::Exponential,
};

use crate::worlds::{run, strong, values};

const SIGMA_MAX: f64 = 60.0;
const SIGMA_MIN: f64 = 0.05;

/// Sampler, expected order.
const TABLE: [(SamplerChoice, f64); 12] = [
    (SamplerChoice::Euler, 1.0),
    (SamplerChoice::Ddim(0.0), 1.0),
    (SamplerChoice::EulerAncestral(0.0), 1.0),
    (SamplerChoice::Heun(Churn::NONE), 2.0),
    (SamplerChoice::DpmSolver(DpmSolver::First), 1.0),
    (SamplerChoice::DpmSolver(DpmSolver::Second), 2.0),
    (SamplerChoice::DpmSolver(DpmSolver::Third), 3.0),
    (SamplerChoice::DpmSolverPp2s, 2.0),
    (SamplerChoice::DpmSolverPp2m, 2.0),
    // Starts with one step of order 1 and one of order 2; at σ = 60 they cost nothing that shows.
    (SamplerChoice::DpmSolverPp3m(Quadratic::Exact), 3.0),
    (SamplerChoice::DpmSolverPp3m(Quadratic::Published), 2.0),
    (SamplerChoice::DpmSolverPp2mSde(0.0), 2.0),
];

fn levels(steps: usize) -> NoiseLevels {
    Exponential::new(SIGMA_MIN, SIGMA_MAX)
        .unwrap()
        .levels_above_zero(steps)
        .unwrap()
}

/// Root mean square error at `SIGMA_MIN` over points spread through the distribution.
fn error(choice: SamplerChoice, steps: usize) -> f64 {
    let starts: Vec<f64> = (0..23)
        .map(|index| (f64::from(index) - 11.3) / 8.0 * SIGMA_MAX)
        .collect();
    let x = Tensor::new(starts.as_slice(), &Device::Cpu)
        .unwrap()
        .reshape((23, 1, 1, 1))
        .unwrap();
    let ends = values(&run(choice, &mut strong(), x, &levels(steps), 0));
    let (from, to) = (
        Sigma::new(SIGMA_MAX).unwrap(),
        Sigma::new(SIGMA_MIN).unwrap(),
    );
    let squares = starts
        .iter()
        .zip(&ends)
        .map(|(start, end)| (end - strong().flow(*start, from, to)).powi(2));
    (squares.sum::<f64>() / starts.len() as f64).sqrt()
}

/// The slope of the least-squares line through (ln steps, −ln error).
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| {
        (x + point.0 / count, y + point.1 / count)
    });
    let covariance: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    covariance
        / points
            .iter()
            .map(|(x, _)| (x - mean_x).powi(2))
            .sum::<f64>()
}

#[test]
fn every_deterministic_sampler_converges_with_its_order() {
    for (choice, order) in TABLE {
        let points: Vec<(f64, f64)> = [160, 320, 640, 1280]
            .into_iter()
            .map(|steps| ((steps as f64).ln(), -error(choice, steps).ln()))
            .collect();
        let measured = slope(&points);
        assert!(
            (measured - order).abs() < 0.25,
            "{choice:?} has order {measured:.2}, expected {order}"
        );
    }
}

#[test]
fn the_exact_flow_agrees_with_the_closed_form_of_one_gaussian() {
    let gaussian = foil_diffusion::Mixture::new(&[(1.0, 0.4, 0.3)]).unwrap();
    for (from, to) in [(5.0, 0.1), (80.0, 0.002), (0.1, 3.0)] {
        for x in [-9.0, -0.2, 0.4, 7.0] {
            let expected = 0.4 + (x - 0.4) * ((0.09 + to * to) / (0.09_f64 + from * from)).sqrt();
            let flowed = gaussian.flow(x, Sigma::new(from).unwrap(), Sigma::new(to).unwrap());
            assert!(
                (flowed - expected).abs() < 1e-9 * (1.0 + expected.abs()),
                "{x} from {from} to {to}"
            );
        }
    }
}
