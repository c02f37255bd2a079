//! The network's slow truth: its definition in double precision without any of the arrangements of the fast version,
//! and derivatives by finite differences. What the fused passes are tested against.

use super::{
    Architecture, Block, DensityModel, Gradient, Prepared, Targets,
    dispatch::{Evaluate, Samples, Train},
};
use crate::Point;
use foil_diffusion::Sigma;
use pulp::{Arch, Scalar, WithSimd};

/// log p by the definition.
fn log_density(architecture: Architecture, parameters: &[f64], x: [f64; 2], sigma: f64) -> f64 {
    let scale = 1.0 / (0.25 + sigma * sigma).sqrt();
    let mut values = vec![x[0] * scale, x[1] * scale, sigma.ln() / 4.0, 1.0];
    let mut rest = parameters;
    for layer in 0..=architecture.layers {
        if layer > 0 {
            for h in &mut values {
                *h = *h / (1.0 + (-*h).exp()) / 0.596;
            }
        }
        let inputs = values.len();
        let (weights, after) = rest.split_at(inputs * architecture.width);
        rest = after;
        let output = weights.chunks_exact(inputs).map(|row| {
            let magnitude = 1e-4 + (row.iter().map(|w| w * w).sum::<f64>() / inputs as f64).sqrt();
            let sum: f64 = row.iter().zip(&values).map(|(w, a)| w * a).sum();
            sum / magnitude / (inputs as f64).sqrt()
        });
        values = output.collect();
    }
    let energy = values.iter().map(|y| y * y).sum::<f64>() / values.len() as f64;
    rest[0] * energy / sigma - 0.5 * scale * scale * (x[0] * x[0] + x[1] * x[1])
}

/// ∇ log p by central differences.
fn score(architecture: Architecture, parameters: &[f64], x: [f64; 2], sigma: f64) -> [f64; 2] {
    let step = 1e-5;
    std::array::from_fn(|axis| {
        let [mut up, mut down] = [x; 2];
        up[axis] += step;
        down[axis] -= step;
        let rise = log_density(architecture, parameters, up, sigma)
            - log_density(architecture, parameters, down, sigma);
        rise / (2.0 * step)
    })
}

fn loss(architecture: Architecture, parameters: &[f64], world: &World) -> f64 {
    let sample = |index: usize| {
        let (x, sigma) = (
            world.points[index].map(f64::from),
            f64::from(world.sigmas[index]),
        );
        let score = score(architecture, parameters, x, sigma);
        let rest = [0, 1].map(|axis| score[axis] - f64::from(world.targets[index][axis]));
        sigma * sigma * 0.5 * (rest[0] * rest[0] + rest[1] * rest[1])
    };
    (0..world.points.len()).map(sample).sum::<f64>() / world.points.len() as f64
}

/// Samples at different noise levels with made-up targets, and weights away from their start.
struct World {
    points: Vec<Point>,
    sigmas: Vec<f32>,
    targets: Vec<Point>,
    parameters: Vec<f32>,
}

fn world(architecture: Architecture, samples: usize) -> World {
    let wave = |index: usize, factor: f32| (index as f32 * factor + 0.3).sin();
    let mut parameters = architecture.initial(5, 0);
    *parameters.last_mut().unwrap() = 0.7;
    World {
        points: (0..samples)
            .map(|index| [wave(index, 1.3), 0.8 * wave(index, 2.9)])
            .collect(),
        sigmas: (0..samples)
            .map(|index| (1.2 * wave(index, 0.7) - 0.5).exp())
            .collect(),
        targets: (0..samples)
            .map(|index| [2.0 * wave(index, 4.1), wave(index, 5.7)])
            .collect(),
        parameters,
    }
}

/// Widths and depths that are no multiple of anything, and sample counts that leave a block nearly empty.
const SHAPES: [(usize, usize, usize); 5] = [
    (1, 1, 1),
    (1, 7, 33),
    (2, 16, 31),
    (3, 33, 65),
    (4, 20, 100),
];

#[test]
fn densities_and_scores_are_those_of_the_definition() {
    for (layers, width, samples) in SHAPES {
        let architecture = Architecture { layers, width };
        let world = world(architecture, samples);
        let exact: Vec<f64> = world.parameters.iter().copied().map(f64::from).collect();
        let model = DensityModel::new(architecture, &world.parameters);
        for sigma in [0.05, 0.8, 4.0] {
            let (log_densities, scores) = model.evaluate(&world.points, Sigma::new(sigma).unwrap());
            for (index, point) in world.points.iter().enumerate() {
                let x = point.map(f64::from);
                let expected = log_density(architecture, &exact, x, sigma);
                let found = f64::from(log_densities[index]);
                assert!(
                    (found - expected).abs() < 1e-4 * (1.0 + expected.abs()),
                    "{found} and {expected}"
                );
                let expected = score(architecture, &exact, x, sigma);
                for axis in [0, 1] {
                    let found = f64::from(scores[index][axis]);
                    let size = 1.0 + expected[axis].abs();
                    assert!(
                        (found - expected[axis]).abs() < 2e-4 * size,
                        "{found} and {}",
                        expected[axis]
                    );
                }
            }
        }
    }
}

#[test]
fn the_parameter_gradient_is_the_one_of_finite_differences() {
    for (layers, width, samples) in SHAPES {
        let architecture = Architecture { layers, width };
        let world = world(architecture, samples);
        let network = Prepared::new(architecture, &world.parameters);
        let mut gradient = Gradient::zero(architecture);
        let targets = Targets {
            scores: &world.targets,
            share: 1.0 / samples as f32,
        };
        Block::new(&network).train(
            &network,
            &world.points,
            &world.sigmas,
            targets,
            &mut gradient,
        );
        let mut found = vec![f32::NAN; architecture.parameters()];
        gradient.by_parameters(&network, &world.parameters, &mut found);

        let mut exact: Vec<f64> = world.parameters.iter().copied().map(f64::from).collect();
        let expected_loss = loss(architecture, &exact, &world);
        assert!((gradient.loss / expected_loss - 1.0).abs() < 1e-4);
        let step = 1e-4;
        // Every parameter of the small networks, a stride through the larger ones, and always the gain.
        let stride = (exact.len() / 150).max(1);
        for index in (0..exact.len()).step_by(stride).chain([exact.len() - 1]) {
            let kept = exact[index];
            exact[index] = kept + step;
            let up = loss(architecture, &exact, &world);
            exact[index] = kept - step;
            let down = loss(architecture, &exact, &world);
            exact[index] = kept;
            let expected = (up - down) / (2.0 * step);
            let size = 1e-2 * expected_loss + expected.abs();
            let error = (f64::from(found[index]) - expected).abs();
            assert!(
                error < 2e-3 * size,
                "{architecture:?} parameter {index}: {} and {expected}",
                found[index]
            );
        }
    }
}

#[test]
fn a_gradient_is_summed_over_calls_and_cleared() {
    let architecture = Architecture {
        layers: 2,
        width: 9,
    };
    let world = world(architecture, 40);
    let network = Prepared::new(architecture, &world.parameters);
    let (mut block, mut once, mut twice) = (
        Block::new(&network),
        Gradient::zero(architecture),
        Gradient::zero(architecture),
    );
    let targets = Targets {
        scores: &world.targets,
        share: 1.0,
    };
    block.train(&network, &world.points, &world.sigmas, targets, &mut once);
    for _ in 0..2 {
        block.train(&network, &world.points, &world.sigmas, targets, &mut twice);
    }
    assert!((twice.loss / once.loss - 2.0).abs() < 1e-6);
    once.clear();
    assert!(once.loss == 0.0);
}

/// Densities, scores and gradient of one block, by vectors or by plain numbers.
fn one_block(
    network: &Prepared,
    world: &World,
    portable: bool,
) -> (Vec<f32>, Vec<Point>, Vec<f32>) {
    let count = world.points.len();
    let mut block = Block::new(network);
    // Not a number wherever something must be written.
    let (mut log_densities, mut scores) = (vec![f32::NAN; count], vec![[f32::NAN; 2]; count]);
    let samples = Samples {
        points: &world.points,
        sigmas: &world.sigmas,
    };
    let (block_ref, densities, gradients) = (&mut block, &mut log_densities, &mut scores);
    let evaluate = Evaluate {
        block: block_ref,
        network,
        samples,
        log_densities: densities,
        scores: gradients,
    };
    if portable {
        evaluate.with_simd(Scalar::new());
    } else {
        Arch::new().dispatch(evaluate);
    }
    let mut gradient = Gradient::zero(network.architecture);
    let targets = Targets {
        scores: &world.targets,
        share: 1.0,
    };
    let train = Train {
        block: &mut block,
        network,
        samples,
        targets,
        gradient: &mut gradient,
    };
    if portable {
        train.with_simd(Scalar::new());
    } else {
        Arch::new().dispatch(train);
    }
    let mut by_parameters = vec![f32::NAN; network.architecture.parameters()];
    gradient.by_parameters(network, &world.parameters, &mut by_parameters);
    (log_densities, scores, by_parameters)
}

#[test]
fn vectors_and_plain_numbers_agree() {
    for (layers, width, samples) in [(1, 5, 3), (3, 33, 32), (2, 48, 17)] {
        let architecture = Architecture { layers, width };
        let world = world(architecture, samples);
        let network = Prepared::new(architecture, &world.parameters);
        let (left, right) = (
            one_block(&network, &world, false),
            one_block(&network, &world, true),
        );
        let close = |a: &[f32], b: &[f32]| {
            let size = b
                .iter()
                .fold(0.0_f32, |largest, value| largest.max(value.abs()));
            assert!(size.is_finite() && size > 0.0);
            a.iter()
                .zip(b)
                .for_each(|(a, b)| assert!((a - b).abs() < 1e-4 * size, "{a} and {b}"));
        };
        close(&left.0, &right.0);
        close(left.1.as_flattened(), right.1.as_flattened());
        close(&left.2, &right.2);
    }
}
