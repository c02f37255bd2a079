//! What is learnt, and by which gradients.

use candle_core::{Device, Tensor};
use foil_diffusion::random::{FoilStream, Stream};
use foil_tensor::traced::{Traced, gradients};
use foil_training::{Goal, Layout, State, Task};

use crate::world;

/// Normal numbers, the same each time.
fn normal(count: usize, seed: u64) -> Vec<f32> {
    let mut numbers = vec![0.0; count];
    FoilStream::new(seed).fill_normal(&mut numbers);
    numbers
}

/// Every tensor of the network, none of them in a special place such as a gain of 0.
fn tensors(task: &impl Task) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let named = task.tensors().unwrap().into_iter().enumerate();
    named
        .map(|(index, (name, shape))| {
            let mut values = normal(shape.iter().product(), index as u64);
            if name.ends_with("gain") {
                values.fill(0.4);
            }
            (name, shape, values)
        })
        .collect()
}

fn traced(tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<Traced> {
    let tensors = tensors.iter();
    tensors
        .map(|(_, shape, values)| {
            let tensor = Tensor::from_slice(values, shape.as_slice(), &Device::Cpu).unwrap();
            Traced::variable(tensor)
        })
        .collect()
}

/// The derivative along a direction for every trained tensor by itself, by gradients and by differences.
fn check_gradients(task: &mut impl Task) {
    let mut tensors = tensors(task);
    let variables = traced(&tensors);
    let losses = task.losses(&variables, 3..9).unwrap();
    let mut found = gradients(&losses.arguments).unwrap();
    let mut checked = 0;
    for index in 0..tensors.len() {
        if tensors[index].0.contains("_fourier.") {
            continue;
        }
        let gradient = found.take(&variables[index]).expect("has a gradient");
        let direction = normal(gradient.len(), 1000 + index as u64);
        let along: f64 = gradient
            .iter()
            .zip(&direction)
            .map(|(&g, &d)| f64::from(g) * f64::from(d))
            .sum();
        let before = tensors[index].2.clone();
        let mut at = |step: f32| {
            let moved = before.iter().zip(&direction);
            tensors[index].2 = moved.map(|(x, d)| x + step * d).collect();
            task.losses(&traced(&tensors), 3..9).unwrap().total
        };
        // Of fourth order, so that a step may be large enough for single precision.
        let step = 1e-2;
        let near = at(step) - at(-step);
        let far = at(2.0 * step) - at(-2.0 * step);
        let quotient = (8.0 * near - far) / (12.0 * f64::from(step));
        tensors[index].2 = before;
        let norm = gradient
            .iter()
            .map(|&g| f64::from(g).powi(2))
            .sum::<f64>()
            .sqrt();
        let length = direction
            .iter()
            .map(|&d| f64::from(d).powi(2))
            .sum::<f64>()
            .sqrt();
        // A direction that the normalisation takes away has a derivative of nearly nothing.
        let scale = quotient.abs().max(0.02 * norm * length);
        let error = (quotient - along).abs() / scale;
        assert!(error < 2e-2, "{}: {quotient} and {along}", tensors[index].0);
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}

#[test]
fn gradients_of_the_whole_loss_are_difference_quotients() {
    let folder = tempfile::tempdir().unwrap();
    world::write_data(folder.path());
    check_gradients(&mut world::denoising(folder.path(), &world::settings()));
}

#[test]
fn gradients_of_a_classifier_are_difference_quotients() {
    let folder = tempfile::tempdir().unwrap();
    world::write_data(folder.path());
    check_gradients(&mut world::classification(
        folder.path(),
        &world::settings(),
    ));
}

#[test]
fn the_loss_falls_on_a_small_set() {
    let folder = tempfile::tempdir().unwrap();
    world::write_data(folder.path());
    let mut settings = world::settings();
    settings.training.batch = 24;
    let mut task = world::denoising(folder.path(), &settings);
    let layout = Layout::new(task.tensors().unwrap());
    let mut state = State::new(layout, 0, &[0.1]).unwrap();
    let mut losses = Vec::new();
    for _ in 0..150 {
        let report = state.step(&mut task, &settings.step()).unwrap();
        let sum: f64 = report.observations.iter().map(|seen| seen.loss).sum();
        losses.push(sum / 24.0);
    }
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (first, last) = (mean(&losses[..10]), mean(&losses[140..]));
    // A network that knows nothing has 1 for data of standard deviation ½; these have 0.7.
    assert!(first > 0.9 && last < 0.5 * first, "{first} to {last}");
}

#[test]
fn a_classifier_learns_the_classes_of_a_small_set() {
    let folder = tempfile::tempdir().unwrap();
    world::write_data(folder.path());
    let mut settings = world::settings();
    settings.training.batch = 24;
    let Goal::Denoiser { .. } = settings.task else {
        unreachable!()
    };
    let mut task = world::classification(folder.path(), &settings);
    let mut state = State::new(Layout::new(task.tensors().unwrap()), 0, &[0.1]).unwrap();
    let mut right = 0;
    for step in 0..120 {
        let report = state.step(&mut task, &settings.step()).unwrap();
        if step >= 110 {
            right += report
                .observations
                .iter()
                .filter(|seen| seen.correct == Some(true))
                .count();
        }
    }
    assert!(right > 228, "{right} of 240");
}

#[test]
fn parts_of_a_batch_add_up_to_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    world::write_data(folder.path());
    let gradients_of = |bounds: &[u64]| {
        let mut task = world::denoising(folder.path(), &world::settings());
        let tensors = tensors(&task);
        let mut sums: Vec<Vec<f32>> = tensors.iter().map(|(.., v)| vec![0.0; v.len()]).collect();
        for part in bounds.windows(2) {
            let variables = traced(&tensors);
            let losses = task.losses(&variables, part[0]..part[1]).unwrap();
            let mut found = gradients(&losses.arguments).unwrap();
            for (sum, variable) in sums.iter_mut().zip(&variables) {
                for (sum, number) in sum.iter_mut().zip(found.take(variable).unwrap_or_default()) {
                    *sum += number;
                }
            }
        }
        sums
    };
    let (whole, parts) = (gradients_of(&[4, 15]), gradients_of(&[4, 5, 11, 15]));
    for (whole, parts) in whole.iter().zip(&parts) {
        let largest = whole.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        for (a, b) in whole.iter().zip(parts) {
            assert!((a - b).abs() <= 1e-4 * largest, "{a} and {b} of {largest}");
        }
    }
}
