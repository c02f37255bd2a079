//! Neighbours and balls against programs that compute every distance in f64.

use foil_diffusion::random::{FoilStream, Stream};
use foil_evaluation::{
    Edge, Features, Manifold, PrecisionRecall, inside, nearest, precision_recall,
};

/// Far from 0, as features are that went through a rectifier, and of sizes that fill no block.
fn features(seed: u64, images: usize, width: usize) -> Features {
    let mut numbers = vec![0.0; images * width];
    FoilStream::new(seed).fill_normal(&mut numbers);
    for number in &mut numbers {
        *number = *number * 0.3 + 40.0;
    }
    Features::new(width, numbers).unwrap()
}

fn distance(one: &[f32], other: &[f32]) -> f64 {
    let pairs = one.iter().zip(other);
    pairs
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum()
}

/// All others by distance, then by place.
fn sorted(point: &[f32], others: &Features, without: Option<usize>) -> Vec<(f64, usize)> {
    let mut all: Vec<(f64, usize)> = (0..others.images())
        .filter(|&index| Some(index) != without)
        .map(|index| (distance(point, others.row(index)), index))
        .collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    all
}

fn assert_nearest(points: &Features, others: Option<&Features>, count: usize) {
    let found = nearest(points, others, count).unwrap();
    assert_eq!(found.len(), points.images());
    for (point, found) in found.iter().enumerate() {
        let itself = others.is_none().then_some(point);
        let expected = sorted(points.row(point), others.unwrap_or(points), itself);
        let found: Vec<(f64, usize)> = found.iter().map(|one| (one.distance, one.index)).collect();
        assert_eq!(found, expected[..count], "of image {point}");
    }
}

#[test]
fn the_nearest_are_those_of_every_distance_computed_in_f64() {
    for (images, width) in [(2, 1), (17, 3), (613, 29), (2051, 5)] {
        let points = features(1, images, width);
        assert_nearest(&points, None, 1);
        if images > 5 {
            assert_nearest(&points, None, 5);
            assert_nearest(&points, Some(&features(2, 2 * images + 1, width)), 3);
        }
    }
}

/// Near points whose distances single precision cannot tell apart, and many of them at once.
#[test]
fn distances_that_single_precision_cannot_tell_apart_are_told_apart() {
    let width = 7;
    let mut numbers = features(3, 300, width).numbers().to_vec();
    for (place, number) in numbers.iter_mut().enumerate() {
        // 32 places of a grid whose steps are the last bits.
        let step = ((place * 2_654_435_761) >> 7) % 32;
        let far = place % (2 * width) == 0;
        *number = 40.0 + step as f32 * f32::EPSILON * 32.0 + if far { 900.0 } else { 0.0 };
    }
    let close = Features::new(width, numbers).unwrap();
    assert_nearest(&close, None, 4);
}

#[test]
fn the_same_image_many_times_is_its_own_neighbour_at_no_distance() {
    let same = Features::new(3, [1.5, -2.0, 7.25].repeat(40)).unwrap();
    for (image, found) in nearest(&same, None, 3).unwrap().iter().enumerate() {
        assert!(
            found
                .iter()
                .all(|one| one.distance == 0.0 && one.index != image)
        );
    }
}

#[test]
fn balls_hold_what_they_hold_with_their_edge_and_without() {
    // On a line: distances are whole numbers, and many points lie at an edge.
    let line = |places: &[f32]| Features::new(1, places.to_vec()).unwrap();
    let centres = line(&[0.0, 10.0, 20.0]);
    let points = line(&[-3.0, 3.0, 7.0, 12.0, 40.0]);
    let radii = [9.0, 9.0, 16.0];
    let with = inside(&points, &centres, &radii, Edge::Inside).unwrap();
    assert_eq!(with.of_points, [1, 1, 1, 1, 0]);
    assert_eq!(with.of_balls, [2, 2, 0]);
    let without = inside(&points, &centres, &radii, Edge::Outside).unwrap();
    assert_eq!(without.of_points, [0, 0, 0, 1, 0]);
    assert_eq!(without.of_balls, [0, 1, 0]);
}

#[test]
fn precision_and_recall_are_those_of_every_distance_computed_in_f64() {
    for (real, generated, width) in [(300, 411, 6), (2060, 530, 17)] {
        let real = features(4, real, width);
        let mut numbers = features(5, generated, width).numbers().to_vec();
        for row in numbers.chunks_exact_mut(width) {
            // Narrower than the real ones along one axis, and shifted along another.
            row[0] = 40.0 + 0.25 * (row[0] - 40.0);
            row[1] += 0.2;
        }
        let generated = Features::new(width, numbers).unwrap();
        for manifold in [Manifold::ADM, Manifold::PRDC] {
            let found = precision_recall(&real, &generated, manifold).unwrap();
            let expected = twin(&real, &generated, manifold);
            assert_eq!(found, expected, "{manifold:?}");
            let shares = [found.precision, found.recall, found.coverage];
            let telling = shares.iter().all(|&share| 0.05 < share && share < 0.999);
            assert!(telling, "{found:?}");
        }
    }
}

fn twin(real: &Features, generated: &Features, manifold: Manifold) -> PrecisionRecall {
    let k = manifold.neighbours;
    let radii = |set: &Features| -> Vec<f64> {
        let radius = |image| sorted(set.row(image), set, Some(image))[k - 1].0;
        (0..set.images()).map(radius).collect()
    };
    let within = |distance: f64, radius: f64| match manifold.edge {
        Edge::Inside => distance <= radius,
        Edge::Outside => distance < radius,
    };
    let (real_radii, generated_radii) = (radii(real), radii(generated));
    let (mut precise, mut balls, mut recalled) = (0, 0, 0);
    let mut covered = vec![false; real.images()];
    for one in 0..generated.images() {
        let mut hits = 0;
        for other in 0..real.images() {
            if within(
                distance(generated.row(one), real.row(other)),
                real_radii[other],
            ) {
                hits += 1;
                covered[other] = true;
            }
        }
        balls += hits;
        precise += usize::from(hits > 0);
    }
    for one in 0..real.images() {
        let any = (0..generated.images()).any(|other| {
            within(
                distance(real.row(one), generated.row(other)),
                generated_radii[other],
            )
        });
        recalled += usize::from(any);
    }
    let covered = covered.iter().filter(|&&covered| covered).count();
    let [reals, generateds] = [real.images() as f64, generated.images() as f64];
    PrecisionRecall {
        precision: precise as f64 / generateds,
        recall: recalled as f64 / reals,
        density: f64::from(balls) / (k as f64 * generateds),
        coverage: covered as f64 / reals,
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let few = features(6, 3, 2);
    let refused = |found: foil_evaluation::Result<_>, expected: &str| {
        let error = found
            .map(|_: Vec<_>| ())
            .expect_err("a refusal")
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(
        nearest(&few, None, 3),
        "3 neighbours of each image among 2 others",
    );
    refused(nearest(&few, None, 0), "0 neighbours");
    refused(
        nearest(&few, Some(&features(6, 9, 4)), 1),
        "2 and of 4 numbers",
    );
    assert!(Features::new(2, vec![1.0; 3]).is_err());
    assert!(Features::new(2, vec![]).is_err());
    let error = Features::new(2, vec![1.0, 2.0, f32::NAN, 0.0]).expect_err("a refusal");
    assert!(error.to_string().contains("image 1"), "{error}");
}
