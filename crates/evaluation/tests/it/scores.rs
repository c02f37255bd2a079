//! The Inception score where it is known, the distance at infinity where it is known, and the order of features.

use foil_diffusion::random::{FoilStream, Stream};
use foil_evaluation::{
    Features, Gathering, Statistics, extrapolated_frechet, frechet, inception_score,
};

#[test]
fn the_inception_score_is_the_number_of_classes_that_are_seen_clearly() {
    // 3 of 5 classes, equally often, with certainty; the constant that a row is shifted by says nothing.
    let rows = (0..12).flat_map(|image| {
        let mut row = [-500.0 + image as f32; 5];
        row[image % 3] += 400.0;
        row
    });
    let clear = Features::new(5, rows.collect()).unwrap();
    let score = inception_score(&clear, 12).unwrap();
    assert!((score.value - 3.0).abs() < 1e-12, "{score:?}");
    // In parts of two classes.
    let score = inception_score(&clear, 2).unwrap();
    assert!(
        (score.value - 2.0).abs() < 1e-12 && score.estimates == 6,
        "{score:?}"
    );
    let unclear = Features::new(5, [0.0, 1.0, 2.0, 3.0, 4.0].repeat(12)).unwrap();
    let score = inception_score(&unclear, 12).unwrap();
    assert!((score.value - 1.0).abs() < 1e-12, "{score:?}");
}

#[test]
fn the_inception_score_is_exp_of_the_mean_divergence() {
    // p(y|x) is (3/4, 1/4) or (1/4, 3/4): the divergence from (1/2, 1/2) is ln 2 − H(1/4).
    let logit = 3.0_f32.ln();
    let rows = Features::new(2, [logit, 0.0, 0.0, logit].repeat(5)).unwrap();
    let entropy = -(0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln());
    let expected = (2.0_f64.ln() - entropy).exp();
    let score = inception_score(&rows, 10).unwrap();
    assert!(
        (score.value - expected).abs() < 1e-7,
        "{score:?}, {expected}"
    );
}

fn normal(seed: u64, images: usize, width: usize) -> Features {
    let mut numbers = vec![0.0; images * width];
    FoilStream::new(seed).fill_normal(&mut numbers);
    Features::new(width, numbers).unwrap()
}

#[test]
fn the_distance_at_infinity_has_little_of_the_bias_of_few_images() {
    let (width, images) = (48, 3000);
    let mut covariance = vec![0.0; width * width];
    covariance
        .iter_mut()
        .step_by(width + 1)
        .for_each(|variance| *variance = 1.0);
    // In truth no distance away.
    let reference = Statistics {
        images: Some(50_000),
        mean: vec![0.0; width],
        covariance,
    };
    let drawn = normal(31, images, width);
    let found = extrapolated_frechet(&drawn, &reference, 300).unwrap();
    let mut gathering = Gathering::new(width);
    gathering.add(drawn.numbers()).unwrap();
    let plain = frechet(&gathering.finish().unwrap(), &reference)
        .unwrap()
        .distance();
    let last = found.points.last().unwrap();
    assert_eq!(
        (found.points.len(), found.points[0].0, last.0),
        (15, 300, images)
    );
    assert!((last.1 - plain).abs() < 1e-9);
    assert!(found.slope > 0.0);
    assert!(
        plain > 0.1 && found.distance.abs() < 0.2 * plain,
        "{plain}, {found:?}"
    );
}

#[test]
fn too_few_images_have_no_distance_at_infinity() {
    let few = normal(1, 20, 2);
    let reference = Statistics {
        images: Some(9),
        mean: vec![0.0; 2],
        covariance: vec![1.0, 0.0, 0.0, 1.0],
    };
    for fewest in [0, 1, 6, 20] {
        let error = extrapolated_frechet(&few, &reference, fewest).expect_err("a refusal");
        assert!(error.to_string().contains("to 20 images"), "{error}");
    }
    assert!(extrapolated_frechet(&few, &reference, 5).is_ok());
}

#[test]
fn another_order_has_the_same_images() {
    let rows = Features::new(2, (0..200_u8).map(f32::from).collect()).unwrap();
    let shuffled = rows.shuffled(5);
    assert_ne!(shuffled, rows);
    assert_eq!(shuffled, rows.shuffled(5));
    assert_ne!(shuffled, rows.shuffled(6));
    let whole = |rows: &Features| -> Vec<[u32; 2]> {
        let rows = rows.numbers().chunks_exact(2);
        let mut rows: Vec<[u32; 2]> = rows.map(|row| [row[0] as u32, row[1] as u32]).collect();
        rows.sort_unstable();
        rows
    };
    assert_eq!(whole(&shuffled), whole(&rows));
}
