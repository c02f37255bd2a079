//! The gradient of a noisy classifier, against difference quotients of the twin in double precision.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::Sigma;
use foil_models::{
    bundled,
    checkpoint::{Contents, Role, Snapshot},
    edm2::{Classifier, NoisyClassifier, Packing},
};

use super::{bits, error, normal, twin::Twin};

fn open(name: &str) -> Snapshot {
    match Contents::of(&bundled::file(name).unwrap()).unwrap() {
        Contents::Edm2(snapshot) | Contents::Classifier(snapshot) => *snapshot,
        other => panic!("{other:?}"),
    }
}

fn noisy() -> Snapshot {
    open("fashion-noisy-classifier")
}

/// Not the bundled networks' size; the two sides differ.
const SHAPE: [usize; 4] = [3, 1, 8, 12];
const CLASSES: [u32; 3] = [7, 0, 3];

/// Images with structure: classes differ little on noise alone.
fn images(sigma: f64) -> Tensor {
    let noise = normal(SHAPE, 5);
    let waves = Tensor::arange(0_f32, noise.elem_count() as f32, &Device::Cpu).unwrap();
    let waves = (waves * 0.21)
        .unwrap()
        .sin()
        .unwrap()
        .reshape(&SHAPE)
        .unwrap();
    (waves + (noise * sigma).unwrap()).unwrap()
}

#[test]
fn probabilities_are_those_of_the_twin_and_of_the_packed_form() {
    let snapshot = noisy();
    let twin = Twin::of(&snapshot);
    for (dtype, allowed) in [(DType::F32, 1e-5), (DType::BF16, 0.05)] {
        let classifier = NoisyClassifier::load(&snapshot, dtype).unwrap();
        let packing = Packing {
            dtype,
            device: Device::Cpu,
            batch: 3,
        };
        let packed = Classifier::load(&snapshot.config, &snapshot.weights, &packing).unwrap();
        for sigma in [0.05, 1.0, 20.0] {
            let x = images(sigma);
            let found = classifier
                .log_probabilities(&x, Sigma::new(sigma).unwrap())
                .unwrap();
            let sums = found
                .exp()
                .unwrap()
                .sum(1)
                .unwrap()
                .to_vec1::<f32>()
                .unwrap();
            assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{sums:?}");
            let expected = twin
                .log_probabilities(&x, sigma)
                .to_dtype(DType::F32)
                .unwrap();
            let wrong = error(&found, &expected);
            assert!(wrong < allowed, "{dtype:?} σ = {sigma}: {wrong}");
            let logits = packed.judge(&x, &[sigma; 3]).unwrap().logits;
            let sums = logits.exp().unwrap().sum_keepdim(1).unwrap().log().unwrap();
            let wrong = error(&found, &logits.broadcast_sub(&sums).unwrap());
            assert!(wrong < allowed, "{dtype:?} σ = {sigma} packed: {wrong}");
        }
    }
}

/// ∇ₓ log p by central differences in double precision, pixel after pixel, all images at once.
fn quotients(twin: &Twin, x: &Tensor, sigma: f64) -> Tensor {
    let step = 1e-4 * sigma.max(0.1);
    let image: usize = SHAPE[1..].iter().product();
    let x = x.to_dtype(DType::F64).unwrap();
    let mut columns = Vec::new();
    for pixel in 0..image {
        let mut direction = vec![0.0; image];
        direction[pixel] = step;
        let direction = Tensor::from_vec(direction, &SHAPE[1..], &Device::Cpu).unwrap();
        let at = |x: Tensor| twin.log_probabilities(&x, sigma).to_vec2::<f64>().unwrap();
        let above = at(x.broadcast_add(&direction).unwrap());
        let below = at(x.broadcast_sub(&direction).unwrap());
        let rows = above.iter().zip(&below).zip(CLASSES);
        let quotients = rows.map(|((above, below), class)| {
            (above[class as usize] - below[class as usize]) / (2.0 * step)
        });
        columns.push(Tensor::from_iter(quotients, &Device::Cpu).unwrap());
    }
    let all = Tensor::stack(&columns, 1).unwrap().to_dtype(DType::F32);
    all.unwrap().reshape(&SHAPE).unwrap()
}

#[test]
fn the_gradient_is_a_difference_quotient_in_double_precision() {
    let snapshot = noisy();
    let twin = Twin::of(&snapshot);
    for sigma in [0.3, 4.0] {
        let x = images(sigma);
        let expected = quotients(&twin, &x, sigma);
        for (dtype, allowed) in [(DType::F32, 2e-5), (DType::BF16, 0.1)] {
            let classifier = NoisyClassifier::load(&snapshot, dtype).unwrap();
            let found = classifier
                .gradient(&x, Sigma::new(sigma).unwrap(), &CLASSES)
                .unwrap();
            let wrong = error(&found, &expected);
            assert!(wrong < allowed, "{dtype:?} σ = {sigma}: {wrong}");
        }
    }
}

#[test]
fn the_gradient_of_an_image_does_not_depend_on_its_batch() {
    let sigma = Sigma::new(0.7).unwrap();
    let x = images(0.7);
    for dtype in [DType::F32, DType::BF16] {
        let classifier = NoisyClassifier::load(&noisy(), dtype).unwrap();
        let together = classifier.gradient(&x, sigma, &CLASSES).unwrap();
        for (index, class) in CLASSES.into_iter().enumerate() {
            let one = x.narrow(0, index, 1).unwrap();
            let alone = classifier.gradient(&one, sigma, &[class]).unwrap();
            let within = together.narrow(0, index, 1).unwrap();
            assert!(bits(&alone) == bits(&within), "{dtype:?} image {index}");
        }
    }
}

#[test]
fn a_step_along_the_gradient_makes_the_class_more_likely() {
    let classifier = NoisyClassifier::load(&noisy(), DType::F32).unwrap();
    let (sigma, x) = (Sigma::new(0.7).unwrap(), images(0.7));
    let gradient = classifier.gradient(&x, sigma, &CLASSES).unwrap();
    let likelihood = |x: &Tensor| -> Vec<f32> {
        let rows = classifier.log_probabilities(x, sigma).unwrap();
        let rows = rows.to_vec2::<f32>().unwrap();
        rows.iter()
            .zip(CLASSES)
            .map(|(row, class)| row[class as usize])
            .collect()
    };
    let after = likelihood(&(&x + (gradient * 0.01).unwrap()).unwrap());
    for (before, after) in likelihood(&x).into_iter().zip(after) {
        assert!(after > before, "{before} to {after}");
    }
}

#[test]
fn what_is_no_noisy_classifier_and_what_does_not_fit_one_is_refused() {
    let refused = |snapshot: &Snapshot, dtype| {
        NoisyClassifier::load(snapshot, dtype)
            .unwrap_err()
            .to_string()
    };
    let mut clean = noisy();
    clean.role = Role::CleanClassifier;
    assert!(
        refused(&clean, DType::F32)
            .ends_with("a classifier of clean images; one of noisy images guides")
    );
    assert!(refused(&open("fashion-main"), DType::F32).contains("a network that makes images"));
    assert!(refused(&noisy(), DType::F16).contains("F32 or BF16, not in F16"));

    let classifier = NoisyClassifier::load(&noisy(), DType::F32).unwrap();
    let sigma = Sigma::new(1.0).unwrap();
    let gradient = |x: &Tensor, classes: &[u32]| {
        classifier
            .gradient(x, sigma, classes)
            .unwrap_err()
            .to_string()
    };
    let x = images(1.0);
    assert_eq!(gradient(&x, &[1, 2]), "2 classes for images [3, 1, 8, 12]");
    assert_eq!(
        gradient(&x, &[1, 2, 10]),
        "class 10 does not exist: the classifier knows 0 to 9"
    );
    assert_eq!(
        gradient(&x.narrow(3, 0, 10).unwrap(), &CLASSES),
        "images [3, 1, 8, 10]: the network takes [batch, 1, height, width], both sizes multiples of 4"
    );
}
