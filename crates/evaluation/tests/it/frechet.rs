//! The Fréchet distance against closed forms, and against programs that go another way.

use std::path::Path;

use foil_diffusion::random::{FoilStream, Stream};
use foil_evaluation::{Statistics, frechet};
use safetensors::SafeTensors;

fn gaussian(mean: Vec<f64>, covariance: Vec<f64>) -> Statistics {
    Statistics {
        images: Some(50_000),
        mean,
        covariance,
    }
}

fn diagonal(variances: &[f64]) -> Vec<f64> {
    let width = variances.len();
    let mut matrix = vec![0.0; width * width];
    for (place, variance) in variances.iter().enumerate() {
        matrix[place * (width + 1)] = *variance;
    }
    matrix
}

fn distance(one: &Statistics, other: &Statistics) -> f64 {
    frechet(one, other).expect("a distance").distance()
}

fn assert_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs(),
        "{found} is not {expected}"
    );
}

#[test]
fn spread_along_axes_is_compared_by_standard_deviations() {
    // |μ₁ − μ₂|² + Σ (s₁ − s₂)², of features that differ by ten orders of magnitude in variance.
    let deviations: [Vec<f64>; 2] = [
        (0..31)
            .map(|place| 10_f64.powf(-f64::from(place) / 6.0))
            .collect(),
        (0..31).map(|place| 0.3 + 0.01 * f64::from(place)).collect(),
    ];
    let means = [vec![0.5; 31], vec![-0.25; 31]];
    let squares = |numbers: &[f64]| -> Vec<f64> { numbers.iter().map(|x| x * x).collect() };
    let one = gaussian(means[0].clone(), diagonal(&squares(&deviations[0])));
    let other = gaussian(means[1].clone(), diagonal(&squares(&deviations[1])));
    let spreads = deviations[0].iter().zip(&deviations[1]);
    let expected: f64 = spreads.map(|(a, b)| (a - b).powi(2)).sum();
    let found = frechet(&one, &other).expect("a distance");
    assert_close(found.means, 31.0 * 0.75 * 0.75);
    assert_close(found.covariances, expected);
}

#[test]
fn a_covariance_and_its_multiple_are_as_far_apart_as_their_roots() {
    // tr(Σ)·(1 − s)², where Σ₂ = s²·Σ₁ has correlations.
    let width = 37;
    let mut mixing = vec![0.0_f32; width * width];
    FoilStream::new(8).fill_normal(&mut mixing);
    let covariance = covariance(&mixing, width);
    let mean = vec![1.0; width];
    let scaled = covariance.iter().map(|number| number * 2.25).collect();
    let trace: f64 = covariance.iter().step_by(width + 1).sum();
    let one = gaussian(mean.clone(), covariance);
    let other = gaussian(mean, scaled);
    assert_close(distance(&one, &other), trace * 0.25);
    assert_close(distance(&other, &one), trace * 0.25);
}

/// AᵀA.
fn covariance(mixing: &[f32], width: usize) -> Vec<f64> {
    let entry = |row: usize, column: usize| -> f64 {
        let rows = mixing.chunks_exact(width);
        rows.map(|numbers| f64::from(numbers[row]) * f64::from(numbers[column]))
            .sum()
    };
    (0..width * width)
        .map(|at| entry(at / width, at % width))
        .collect()
}

#[test]
fn nothing_is_far_from_itself() {
    let width = 29;
    let mut mixing = vec![0.0_f32; 11 * width];
    FoilStream::new(9).fill_normal(&mut mixing);
    let same = gaussian(vec![3.0; width], covariance(&mixing, width));
    let trace: f64 = same.covariance.iter().step_by(width + 1).sum();
    assert!(distance(&same, &same).abs() < 1e-12 * trace);
}

#[test]
fn features_that_never_change_are_compared_by_their_means() {
    let still = |at: f64| gaussian(vec![at; 5], vec![0.0; 25]);
    assert_close(distance(&still(1.0), &still(3.0)), 20.0);
    let one = gaussian(vec![1.0; 5], diagonal(&[1.0, 0.0, 4.0, 0.0, 9.0]));
    assert_close(distance(&one, &still(3.0)), 20.0 + 14.0);
}

#[test]
fn other_programs_find_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let bytes = std::fs::read(folder.join("frechet.safetensors")).expect("a golden file");
    let tensors = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let numbers = |name: &str| -> Option<Vec<f64>> {
        let bytes = tensors.tensor(name).ok()?.data().chunks_exact(8);
        let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("8 bytes"));
        Some(bytes.map(number).collect())
    };
    let names = tensors.names();
    let cases: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_suffix(".truth"))
        .collect();
    assert_eq!(cases.len(), 6);
    let mut by_scipy = 0;
    for case in cases {
        let set = |which: &str| {
            let part = |part: &str| numbers(&format!("{case}.{which}.{part}")).expect("a tensor");
            gaussian(part("mean"), part("covariance"))
        };
        let found = distance(&set("a"), &set("b"));
        let truth = numbers(&format!("{case}.truth")).expect("a number")[0];
        assert!(
            (found - truth).abs() <= 1e-9 * truth,
            "{case}: {found}, in truth {truth}"
        );
        if let Some(scipy) = numbers(&format!("{case}.scipy")) {
            assert!(
                (found - scipy[0]).abs() <= 1e-9 * truth,
                "{case}: {found}, scipy {scipy:?}"
            );
            by_scipy += 1;
        }
    }
    assert_eq!(by_scipy, 3);
}

#[test]
fn what_is_no_covariance_is_refused() {
    let good = gaussian(vec![0.0; 2], diagonal(&[1.0, 1.0]));
    let cases = [
        (
            gaussian(vec![0.0; 3], diagonal(&[1.0; 3])),
            "cannot be compared",
        ),
        (gaussian(vec![0.0; 2], vec![1.0, 2.0, 2.0, 1.0]), "negative"),
        (gaussian(vec![0.0; 2], diagonal(&[1.0, -1e-3])), "negative"),
        (
            gaussian(vec![f64::NAN, 0.0], diagonal(&[1.0, 1.0])),
            "finite",
        ),
        (
            gaussian(vec![0.0; 2], diagonal(&[f64::INFINITY, 1.0])),
            "finite",
        ),
    ];
    for (bad, expected) in cases {
        for pair in [[&good, &bad], [&bad, &good]] {
            let error = frechet(pair[0], pair[1])
                .expect_err("no distance")
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
