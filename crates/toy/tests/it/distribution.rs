//! The mixture against the reference program's values, and against its own definition in double precision.

use foil_diffusion::{Denoiser, Sigma};
use foil_toy::{
    Point,
    distribution::{BRANCHES, Class, Component, Distribution, Posterior},
    points_of, tensor_of,
};
use serde_json::Value;

fn golden() -> Value {
    let text = include_str!("../../../../fixtures/specification.json");
    serde_json::from_str::<Value>(text).unwrap()["toy"].clone()
}

fn pair(value: &Value) -> Option<[f64; 2]> {
    Some([value[0].as_f64()?, value[1].as_f64()?])
}

fn sigma(value: f64) -> Sigma {
    Sigma::new(value).unwrap()
}

const CLASSES: [Class; 3] = [Class::A, Class::B, Class::AB];

#[test]
fn densities_and_scores_are_those_of_the_reference() {
    let golden = golden();
    let points: Vec<Point> = golden["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| pair(point).unwrap().map(|x| x as f32))
        .collect();
    let mut compared = 0;
    for class in CLASSES {
        let distribution = Distribution::new(class);
        for level in ["0.03", "0.5", "5.0"] {
            let expected = &golden[class.name()][format!("sigma{level}")];
            let (log_densities, scores) = distribution
                .at(sigma(level.parse().unwrap()))
                .evaluate(&points);
            for index in 0..points.len() {
                // Where the reference underflows ours is still finite.
                assert!(
                    log_densities[index].is_finite()
                        && scores[index].iter().all(|value| value.is_finite())
                );
                let Some(log_density) = expected["logp"][index].as_f64() else {
                    continue;
                };
                let found = f64::from(log_densities[index]);
                assert!(
                    (found - log_density).abs() < 2e-5 * (1.0 + log_density.abs()),
                    "{found} {log_density}"
                );
                for (found, expected) in scores[index]
                    .iter()
                    .zip(pair(&expected["score"][index]).unwrap())
                {
                    assert!(
                        (f64::from(*found) - expected).abs() < 1e-4 * (0.01 + expected.abs()),
                        "{found} {expected}"
                    );
                }
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 42);
}

#[test]
fn the_tree_is_that_of_the_reference() {
    let golden = golden();
    for class in CLASSES {
        let distribution = Distribution::new(class);
        let expected = &golden[class.name()];
        let components = distribution.components();
        assert_eq!(components.len() as u64, expected["ncomp"].as_u64().unwrap());
        let close = |found: f64, expected: &Value, what: &str| {
            let expected = expected.as_f64().unwrap();
            assert!(
                (found / expected - 1.0).abs() < 2e-6,
                "{what}: {found} and {expected}"
            );
        };
        for index in 0..9 {
            close(components[index].share, &expected["phi9"][index], "share");
        }
        let last = components.len() - 1;
        for (name, index) in [("mu0", 0), ("mu7", 7), ("mu8", 8), ("mu_last", last)] {
            (0..2)
                .for_each(|axis| close(components[index].mean[axis], &expected[name][axis], name));
        }
        for (name, index) in [("Sigma0", 0), ("Sigma_last", last)] {
            let [xx, xy, yy] = components[index].covariance;
            for (row, column, found) in [(0, 0, xx), (0, 1, xy), (1, 0, xy), (1, 1, yy)] {
                close(found, &expected[name][row][column], name);
            }
        }
    }
}

/// The logarithm of one component's part of the density, in double precision, by the definition.
fn log_part(component: &Component, x: [f64; 2], level: f64) -> f64 {
    let [xx, xy, yy] = component.covariance;
    let (xx, yy) = (xx + level * level, yy + level * level);
    let determinant = xx * yy - xy * xy;
    let [dx, dy] = [0, 1].map(|axis| x[axis] - component.mean[axis]);
    let exponent = (dx * dx * yy - 2.0 * dx * dy * xy + dy * dy * xx) / determinant;
    component.share.ln() - 0.5 * determinant.ln() - 0.5 * exponent - std::f64::consts::TAU.ln()
}

/// The logarithm of the density of some components together.
fn log_sum(components: &[Component], x: [f64; 2], level: f64) -> f64 {
    let parts: Vec<f64> = components
        .iter()
        .map(|component| log_part(component, x, level))
        .collect();
    let highest = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    highest
        + parts
            .iter()
            .map(|part| (part - highest).exp())
            .sum::<f64>()
            .ln()
}

fn definition(distribution: &Distribution, x: [f64; 2], level: f64) -> f64 {
    log_sum(distribution.components(), x, level)
}

#[test]
fn densities_and_scores_are_those_of_the_definition_near_and_far() {
    // A count that leaves the last chunk of a thread odd.
    let points: Vec<Point> = (0..301_u16)
        .map(|index| {
            let far = if index % 10 == 0 { 8.0 } else { 1.3 };
            [
                far * (f32::from(index) * 1.7).sin(),
                far * (f32::from(index) * 0.9).cos(),
            ]
        })
        .collect();
    for class in [Class::A, Class::AB] {
        let distribution = Distribution::new(class);
        for level in [0.01, 0.2, 3.0] {
            let (log_densities, scores) = distribution.at(sigma(level)).evaluate(&points);
            for (index, point) in points.iter().enumerate() {
                let at = point.map(f64::from);
                let expected = definition(&distribution, at, level);
                let found = f64::from(log_densities[index]);
                assert!(
                    (found - expected).abs() < 2e-3 + 2e-6 * expected.abs(),
                    "{found} and {expected} at {at:?}"
                );
                let step = 1e-6;
                for axis in [0, 1] {
                    let [mut up, mut down] = [at; 2];
                    up[axis] += step;
                    down[axis] -= step;
                    let rise = definition(&distribution, up, level)
                        - definition(&distribution, down, level);
                    let (expected, found) = (rise / (2.0 * step), f64::from(scores[index][axis]));
                    let steepness = 1.0 / (level * level);
                    assert!(
                        (found - expected).abs() < 1e-3 * (expected.abs() + steepness),
                        "{found} and {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn samples_have_the_moments_of_the_distribution_and_do_not_depend_on_their_number() {
    let distribution = Distribution::new(Class::A);
    let moments = |level: f64| {
        let samples = distribution.at(sigma(level)).samples(200_001, 3);
        let mean =
            |of: &dyn Fn(&Point) -> f64| samples.iter().map(of).sum::<f64>() / samples.len() as f64;
        let (x, y) = (mean(&|p| f64::from(p[0])), mean(&|p| f64::from(p[1])));
        (
            x,
            y,
            mean(&|p| (f64::from(p[0]) - x).powi(2)),
            mean(&|p| (f64::from(p[1]) - y).powi(2)),
        )
    };
    let (x, y, clean_xx, clean_yy) = moments(0.0);
    assert!(
        (x - 0.3719).abs() < 0.004 && (y - 0.3646).abs() < 0.004,
        "mean {x} {y}"
    );
    let (_, _, noisy_xx, noisy_yy) = moments(2.0);
    assert!((noisy_xx - clean_xx - 4.0).abs() < 0.06 && (noisy_yy - clean_yy - 4.0).abs() < 0.06);

    let level = distribution.at(sigma(0.5));
    assert_eq!(level.samples(1000, 8)[..300], level.samples(300, 8)[..]);
    assert_ne!(level.samples(4, 8), level.samples(4, 9));
}

#[test]
fn branches_receive_their_share_of_samples() {
    let distribution = Distribution::new(Class::A);
    let level = distribution.at(sigma(0.0));
    let samples = level.samples(100_000, 1);
    let branches = distribution.at(sigma(0.001)).branches(&samples);
    let mut counts = [0_u32; BRANCHES];
    for branch in branches {
        counts[branch] += 1;
    }
    for (branch, count) in counts.iter().enumerate() {
        let share: f64 = distribution.components()[8 * branch..8 * branch + 8]
            .iter()
            .map(|c| c.share)
            .sum();
        // Neighbouring branches overlap where they meet, so that some samples change sides.
        let expected = share * 100_000.0;
        assert!(
            (f64::from(*count) - expected).abs() < 0.3 * expected + 40.0,
            "{branch}: {count} of {expected}"
        );
    }
}

#[test]
fn the_ideal_denoiser_goes_to_the_data() {
    let distribution = Distribution::new(Class::B);
    let x = tensor_of(&[[2.0, 1.0], [-3.0, 0.5], [0.0, 0.0]]).unwrap();
    let far = points_of(&(&distribution).denoise(&x, sigma(300.0)).unwrap()).unwrap();
    // At a noise level this high the best guess is the mean of the class.
    let mean = [0, 1].map(|axis| {
        distribution
            .components()
            .iter()
            .map(|c| c.share * c.mean[axis])
            .sum::<f64>()
    });
    let off = |point: &Point| {
        (0..2)
            .map(|axis| (f64::from(point[axis]) - mean[axis]).abs())
            .sum::<f64>()
    };
    assert!(
        far.iter().all(|point| off(point) < 0.01),
        "{far:?} and {mean:?}"
    );
    assert!(points_of(&x.reshape((3, 2)).unwrap()).is_err());
}

#[test]
fn the_branch_of_a_point_is_that_of_the_definition() {
    let distribution = Distribution::new(Class::A);
    let level = 0.01;
    let inside = distribution.at(sigma(0.03)).samples(301, 6);
    let far =
        (0..40_u8).map(|index| [f32::from(index) * 0.17 - 3.0, 2.0 - f32::from(index) * 0.09]);
    let points: Vec<Point> = inside.into_iter().chain(far).collect();
    let found = distribution.at(sigma(level)).branches(&points);
    for (point, found) in points.iter().zip(found) {
        let at = point.map(f64::from);
        let branches = distribution.components().chunks(8);
        let log_masses: Vec<f64> = branches.map(|branch| log_sum(branch, at, level)).collect();
        let best = log_masses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Where two branches are equally likely to the last digits, either will do.
        assert!(
            best - log_masses[found] < 1e-3 + 1e-5 * best.abs(),
            "{point:?}: branch {found}"
        );
    }
}

#[test]
fn the_posterior_is_bayes_rule_and_its_gradient_that_of_differences() {
    let both = Distribution::new(Class::AB);
    let (a, b) = both.components().split_at(both.components().len() / 2);
    let points = both.at(sigma(0.3)).samples(60, 3);
    assert!(Posterior::new(Class::AB).is_none());
    for (class, own) in [(Class::A, a), (Class::B, b)] {
        let posterior = Posterior::new(class).unwrap();
        for level in [0.1, 0.6, 4.0] {
            let bayes = |x| log_sum(own, x, level) - definition(&both, x, level);
            let probabilities = posterior.log_probabilities(&points, sigma(level));
            let gradients = posterior.gradients(&points, sigma(level));
            let mut steepest: f64 = 0.0;
            for (index, point) in points.iter().enumerate() {
                let at = point.map(f64::from);
                let (found, expected) = (probabilities[index], bayes(at));
                let size = 1.0 + expected.abs();
                assert!(
                    (found - expected).abs() < 1e-3 * size,
                    "{found}, {expected}"
                );
                for axis in [0, 1] {
                    let [mut up, mut down] = [at; 2];
                    up[axis] += 1e-5;
                    down[axis] -= 1e-5;
                    let expected = (bayes(up) - bayes(down)) / 2e-5;
                    let found = f64::from(gradients[index][axis]);
                    let size = 1.0 / level + expected.abs();
                    assert!(
                        (found - expected).abs() < 2e-3 * size,
                        "{found}, {expected}"
                    );
                    steepest = steepest.max(expected.abs());
                }
            }
            assert!(steepest > 0.01, "there is something to see: {steepest}");
        }
    }
}
