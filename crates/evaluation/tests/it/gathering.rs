//! Mean and covariance against exact arithmetic and closed forms.

use foil_evaluation::{Gathering, Statistics};
use serde_json::Value;

fn gather(features: &[f32], width: usize, batches: &[usize]) -> Statistics {
    let mut gathering = Gathering::new(width);
    let mut rest = features;
    for &images in batches {
        let (now, later) = rest.split_at(images * width);
        gathering.add(now).unwrap();
        rest = later;
    }
    assert!(rest.is_empty());
    gathering.finish().unwrap()
}

fn doubles(value: &Value) -> Vec<f64> {
    let rows = value.as_array().unwrap().iter();
    let numbers = rows.flat_map(|row| match row.as_array() {
        Some(numbers) => numbers.clone(),
        None => vec![row.clone()],
    });
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

/// Features of 131 images, five each, with their moments.
fn golden() -> (Vec<f32>, Statistics) {
    let golden: Value = serde_json::from_str(include_str!("../golden/statistics.json")).unwrap();
    let features = doubles(&golden["features"]);
    let statistics = Statistics {
        images: Some(131),
        mean: doubles(&golden["mean"]),
        covariance: doubles(&golden["covariance"]),
    };
    (
        features.iter().map(|&number| number as f32).collect(),
        statistics,
    )
}

#[test]
fn moments_are_those_of_exact_arithmetic_however_far_from_zero_features_lie() {
    let (features, expected) = golden();
    let found = gather(&features, 5, &[131]);
    assert_eq!(found.images, expected.images);
    for (found, expected) in found.mean.iter().zip(&expected.mean) {
        let error = (found - expected).abs() / expected.abs();
        assert!(error < 1e-14, "mean {found}, not {expected}");
    }
    // Sums of squares would lose all but a few digits of the second feature's variance, which is 10⁻¹² of the square of its mean.
    let deviation = |feature: usize| expected.covariance[feature * 6].sqrt();
    for (place, (found, wanted)) in found
        .covariance
        .iter()
        .zip(&expected.covariance)
        .enumerate()
    {
        let scale = deviation(place / 5) * deviation(place % 5);
        let error = (found - wanted).abs() / scale;
        assert!(
            error < 1e-10,
            "covariance {place}: {found}, not {wanted}: {error}"
        );
    }
}

#[test]
fn the_division_into_batches_changes_no_bit() {
    let (features, _) = golden();
    let whole = gather(&features, 5, &[131]);
    for batches in [
        &[1; 131][..],
        &[64, 64, 3],
        &[63, 0, 2, 66],
        &[5, 120, 1, 5],
    ] {
        assert_eq!(gather(&features, 5, batches), whole, "{batches:?}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    // More features than threads, fewer than a block.
    let features: Vec<f32> = (0..200 * 33_u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 8) as f32 / 65_536.0)
        .collect();
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| gather(&features, 33, &[70, 130]))
    };
    let one = of(1);
    assert_eq!(one, of(2));
    assert_eq!(one, of(5));
}

#[test]
fn the_covariance_of_whole_numbers_is_their_closed_form() {
    // 0, 1, … n − 1 and the same times −3: variance n(n + 1)/12.
    for images in [2, 3, 64, 65, 128, 257] {
        let rows = (0..images).flat_map(|index| [index as f32, -3.0 * index as f32]);
        let features: Vec<f32> = rows.collect();
        let found = gather(&features, 2, &[images]);
        let n = images as f64;
        let variance = n * (n + 1.0) / 12.0;
        let expected = [1.0, -3.0, -3.0, 9.0].map(|factor| factor * variance);
        for (found, expected) in found.covariance.iter().zip(expected) {
            let error = (found / expected - 1.0).abs();
            assert!(error < 1e-13, "{images}: {found}, not {expected}");
        }
        assert!((found.mean[0] - (n - 1.0) / 2.0).abs() < 1e-12 * n);
    }
}

#[test]
fn features_that_make_no_sense_are_refused_and_do_not_count() {
    let refuse = |result: foil_evaluation::Result<()>, words: &str| {
        let said = result.unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    };
    let mut gathering = Gathering::new(3);
    gathering.add(&[1.0, 2.0, 3.0]).unwrap();
    refuse(gathering.add(&[1.0; 4]), "4 numbers in rows of 3");
    for wrong in [f32::NAN, f32::INFINITY] {
        let features = [0.0, 1.0, 2.0, 3.0, wrong, 0.0];
        refuse(
            gathering.add(&features),
            "the features of image 2 are not finite",
        );
    }
    let one = gathering.clone().finish().unwrap_err().to_string();
    assert!(one.contains("1 images have no covariance"), "{one}");
    gathering.add(&[3.0, 4.0, 5.0]).unwrap();
    let found = gathering.finish().unwrap();
    assert_eq!((found.images, found.mean), (Some(2), vec![2.0, 3.0, 4.0]));
    assert!(Gathering::new(0).finish().is_err());
}
