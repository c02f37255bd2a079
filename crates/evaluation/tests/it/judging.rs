//! A judge against the network that it was loaded from, in the form in which it is trained.

use std::ops::ControlFlow;

use candle_core::{DType, Device, Tensor};
use foil_evaluation::{Accuracy, Error, Extractor, Judge, OfClass, accuracy, statistics};
use foil_models::{
    Encoder, Whitening,
    checkpoint::{Role, Snapshot},
    edm2::Classifier,
};

use crate::world::{Memory, SHAPE, SIZE, classifier};

fn go_on(_: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn clean() -> Snapshot {
    classifier(Role::CleanClassifier)
}

/// Features and logits of all images at once, of a network whose weights are not packed.
fn truth(snapshot: &Snapshot, images: &Memory) -> [Vec<Vec<f32>>; 2] {
    let network = Classifier::trainable(&snapshot.config, DType::F32, |name| {
        snapshot.weights.get(name)?.tensor(&Device::Cpu)
    })
    .unwrap();
    let numbers = images.levels.iter();
    let numbers: Vec<f32> = numbers
        .map(|&level| (f32::from(level) - 127.5) / 127.5)
        .collect();
    let count = images.levels.len() / SIZE;
    let [channels, height, width] = SHAPE;
    let shape = (count, channels, height, width);
    let input = Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap();
    let judged = network.judge(&input, &vec![0.0; count]).unwrap();
    [judged.features, judged.logits].map(|tensor| tensor.to_vec2().unwrap())
}

/// The largest difference, relative to the root mean square of what is expected.
fn difference(found: &[f32], expected: &[Vec<f32>]) -> f32 {
    let expected = expected.concat();
    assert_eq!(found.len(), expected.len());
    let squares = expected.iter().map(|number| number * number).sum::<f32>();
    let scale = (squares / expected.len() as f32).sqrt();
    let differences = found.iter().zip(&expected);
    differences.fold(0.0, |most: f32, (a, b)| most.max((a - b).abs())) / scale
}

#[test]
fn a_judge_says_what_the_trained_network_says_of_encoded_images() {
    let (snapshot, images) = (clean(), Memory::random(9));
    let [features, logits] = truth(&snapshot, &images);
    for (precision, allowed) in [(DType::F32, 1e-5), (DType::BF16, 0.1)] {
        let judge = Judge::load(&snapshot, precision).unwrap();
        assert_eq!((judge.features(), judge.classes()), (32, 5));
        let judged = judge.describe(&images.levels, SHAPE).unwrap();
        let error = difference(&judged.features, &features);
        assert!(error < allowed, "features in {precision:?}: {error}");
        let error = difference(&judged.logits, &logits);
        assert!(error < allowed, "logits in {precision:?}: {error}");
    }
}

#[test]
fn what_is_said_of_an_image_does_not_depend_on_the_others() {
    let (snapshot, images) = (clean(), Memory::random(67));
    for precision in [DType::F32, DType::BF16] {
        let judge = Judge::load(&snapshot, precision).unwrap();
        let all = judge.describe(&images.levels, SHAPE).unwrap();
        for index in [0, 1, 31, 66] {
            let alone = judge.describe(images.image(index), SHAPE).unwrap();
            assert_eq!(alone.features, all.features[index * 32..][..32]);
            assert_eq!(alone.logits, all.logits[index * 5..][..5]);
        }
    }
}

#[test]
fn statistics_are_those_of_the_features_of_all_images() {
    let (snapshot, images) = (clean(), Memory::random(150));
    let [features, _] = truth(&snapshot, &images);
    let judge = Judge::load(&snapshot, DType::F32).unwrap();
    let mut seen = Vec::new();
    let found = statistics(&judge, &images, &mut |count| {
        seen.push(count);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((found.images, seen.last()), (Some(150), Some(&150)));
    // In two passes, as covariance is defined.
    let column = |feature: usize| features.iter().map(move |row| f64::from(row[feature]));
    let mean = |feature: usize| column(feature).sum::<f64>() / 150.0;
    for first in 0..32 {
        assert!((found.mean[first] - mean(first)).abs() < 1e-5);
        for second in 0..32 {
            let pairs = column(first).zip(column(second));
            let (a, b) = (mean(first), mean(second));
            let products = pairs.map(|(x, y)| (x - a) * (y - b));
            let expected = products.sum::<f64>() / 149.0;
            let error = (found.covariance[32 * first + second] - expected).abs();
            assert!(error < 1e-5, "{first}, {second}: {error}");
        }
    }
}

#[test]
fn an_image_is_right_if_its_class_has_the_largest_logit() {
    let (snapshot, images) = (clean(), Memory::random(150));
    let [_, logits] = truth(&snapshot, &images);
    let largest: Vec<u32> = logits
        .iter()
        .map(|logits| (0..5).max_by(|&a, &b| logits[a].total_cmp(&logits[b])))
        .map(|class| class.unwrap() as u32)
        .collect();
    // Every third one is called by the class after the one that it shows.
    let classes: Vec<u32> = (0..150)
        .map(|image| (largest[image] + u32::from(image % 3 == 0)) % 5)
        .collect();
    let mut expected = vec![OfClass::default(); 5];
    for (image, &class) in classes.iter().enumerate() {
        expected[class as usize].images += 1;
        expected[class as usize].right += u64::from(image % 3 != 0);
    }
    let judge = Judge::load(&snapshot, DType::F32).unwrap();
    let found = accuracy(&judge, &images, &classes, &mut go_on).unwrap();
    assert_eq!(found, Accuracy { classes: expected });
    assert_eq!(
        found.total(),
        OfClass {
            images: 150,
            right: 100
        }
    );
    assert!((found.total().percentage().unwrap() - 200.0 / 3.0).abs() < 1e-12);
    assert_eq!(OfClass::default().percentage(), None);
}

#[test]
fn networks_and_images_that_do_not_belong_together_are_refused_in_one_line() {
    let refuse = |error: Error, words: &str| {
        let said = error.to_string();
        assert!(said.contains(words), "'{words}' is not in {said}");
        assert_eq!(said.lines().count(), 1);
    };
    let noisy = classifier(Role::NoisyClassifier);
    let load = |snapshot: &Snapshot| Judge::load(snapshot, DType::F32).unwrap_err();
    refuse(load(&noisy), "tiny: a classifier of noisy images");
    refuse(
        load(&classifier(Role::Denoiser)),
        "tiny: a network that makes images",
    );
    let latent = Snapshot {
        encoder: Encoder::Latent(Whitening::published()),
        ..clean()
    };
    refuse(load(&latent), "tiny: a classifier of latents");

    let judge = Judge::load(&clean(), DType::F32).unwrap();
    refuse(
        judge.describe(&[0; SIZE + 1], SHAPE).unwrap_err(),
        "193 levels",
    );
    let images = Memory::random(3);
    let of = |classes: &[u32]| accuracy(&judge, &images, classes, &mut go_on).unwrap_err();
    refuse(of(&[0, 1]), "2 classes of 3 images");
    refuse(of(&[0, 1, 5]), "class 5; the network knows 0 to 4");
    let wide = Memory {
        shape: [3, 4, 16],
        ..Memory::random(3)
    };
    refuse(
        statistics(&judge, &wide, &mut go_on).unwrap_err(),
        "the images are [3, 4, 16] (channels, height, width), the network's [3, 8, 8]",
    );
    refuse(
        statistics(&judge, &Memory::random(1), &mut go_on).unwrap_err(),
        "1 images have no covariance",
    );
    let stopped = statistics(&judge, &images, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(Error::Interrupted)));
}
