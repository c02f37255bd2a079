//! The kernel distance against its definition, and its error against the truth.

use foil_diffusion::random::{FoilStream, Stream};
use foil_evaluation::{Features, kernel_distance};

/// A world of so many different images, in which the distance of two distributions is a sum.
const IMAGES: usize = 64;
const WIDTH: usize = 16;

fn kernel(one: &[f32], other: &[f32]) -> f64 {
    let pairs = one.iter().zip(other);
    let product: f64 = pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    (product / one.len() as f64 + 1.0).powi(3)
}

/// Σ (p − q)(p − q)ᵀ k.
fn truth(world: &Features, one: &[f64], other: &[f64]) -> f64 {
    let mut sum = 0.0;
    for row in 0..IMAGES {
        for column in 0..IMAGES {
            let differences = (one[row] - other[row]) * (one[column] - other[column]);
            sum += differences * kernel(world.row(row), world.row(column));
        }
    }
    sum
}

fn draw(stream: &mut FoilStream, world: &Features, shares: &[f64], images: usize) -> Features {
    let mut uniform = vec![0.0; images];
    stream.fill_uniform(&mut uniform);
    let rows = uniform.iter().flat_map(|&number| {
        let mut left = number;
        let place = shares.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        world.row(place.unwrap_or(IMAGES - 1)).to_vec()
    });
    Features::new(WIDTH, rows.collect()).unwrap()
}

#[test]
fn the_interval_holds_the_truth_95_times_of_100() {
    let mut stream = FoilStream::new(21);
    let mut numbers = vec![0.0; IMAGES * WIDTH];
    stream.fill_normal(&mut numbers);
    let world = Features::new(WIDTH, numbers).unwrap();
    let real = vec![1.0 / IMAGES as f64; IMAGES];
    // Some images are generated more often than they should be, and as many less often.
    let tilted = |image: usize| if image.is_multiple_of(2) { 1.3 } else { 0.7 };
    let generated: Vec<f64> = (0..IMAGES)
        .map(|image| tilted(image) / IMAGES as f64)
        .collect();
    let expected = truth(&world, &real, &generated);
    let (trials, mut held, mut sum) = (600, 0, 0.0);
    for _ in 0..trials {
        let real = draw(&mut stream, &world, &real, 1300);
        let generated = draw(&mut stream, &world, &generated, 900);
        let found = kernel_distance(&real, &generated).unwrap();
        sum += found.value;
        held += usize::from((found.value - expected).abs() <= found.margin());
    }
    // Four standard deviations of a share of 600 are 3.6 %.
    let share = f64::from(held as u32) / f64::from(trials);
    assert!((share - 0.95).abs() < 0.036, "{share}");
    let bias = (sum / f64::from(trials) - expected) / expected;
    assert!(bias.abs() < 0.05, "{bias}");
}

#[test]
fn the_distance_is_that_of_every_pair_computed_in_f64() {
    let (width, counts) = (37, [161, 75]);
    let [one, other] = [7, 8].map(|seed| {
        let images = counts[seed as usize - 7];
        let mut numbers = vec![0.0; images * width];
        FoilStream::new(seed).fill_normal(&mut numbers);
        Features::new(width, numbers).unwrap()
    });
    let found = kernel_distance(&one, &other).unwrap();
    assert_eq!(found.estimates, 30);
    let estimates = (0..30).map(|block| {
        let range = |images: usize| block * images / 30..(block + 1) * images / 30;
        let mean = |a: &Features, b: &Features, same: bool| {
            let mut kernels = Vec::new();
            for first in range(a.images()) {
                for second in range(b.images()) {
                    if !(same && first == second) {
                        kernels.push(kernel(a.row(first), b.row(second)));
                    }
                }
            }
            kernels.iter().sum::<f64>() / kernels.len() as f64
        };
        mean(&one, &one, true) + mean(&other, &other, true) - 2.0 * mean(&one, &other, false)
    });
    let expected = estimates.sum::<f64>() / 30.0;
    assert!(
        (found.value - expected).abs() < 1e-6,
        "{found:?}, {expected}"
    );
}

#[test]
fn too_few_images_are_refused() {
    let few = Features::new(2, vec![1.0; 118]).unwrap();
    let error = kernel_distance(&few, &few)
        .expect_err("a refusal")
        .to_string();
    assert!(
        error.contains("60 images of each set; here are 59"),
        "{error}"
    );
}
