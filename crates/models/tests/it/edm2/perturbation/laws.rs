//! What holds for every perturbation.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Model, Noise, Sigma, Silent,
    guidance::{Guided, Weight},
    random::StreamKind,
    sample,
    sampler::Heun,
    schedule::Karras,
};
use foil_models::edm2::{Blocks, Edm2, Labels, Perturbation, Perturbed};

use super::{SEEDS, SIGMA, bits, classes, first, images, network, normal, some};

fn all() -> Vec<Perturbation> {
    vec![
        Perturbation::Dropout { probability: 0.1 },
        Perturbation::SkippedBlocks(some(&[4, 6, 8])),
        Perturbation::SkippedBlocks(Blocks::All),
        Perturbation::IdentityAttention(Blocks::All),
        Perturbation::BlurredQueries {
            sigma: 1.0,
            blocks: some(&[5, 7]),
        },
        Perturbation::BlurredQueries {
            sigma: f64::INFINITY,
            blocks: Blocks::All,
        },
        Perturbation::NoiseLevel {
            scale: 0.1,
            power: 0.5,
        },
        Perturbation::InputNoise { raise: 0.1 },
    ]
}

fn of_no_strength() -> Vec<Perturbation> {
    let none = || some(&[]);
    vec![
        Perturbation::Dropout { probability: 0.0 },
        Perturbation::SkippedBlocks(none()),
        Perturbation::IdentityAttention(none()),
        Perturbation::BlurredQueries {
            sigma: 0.0,
            blocks: Blocks::All,
        },
        Perturbation::BlurredQueries {
            sigma: 1.0,
            blocks: none(),
        },
        Perturbation::NoiseLevel {
            scale: 0.0,
            power: 0.5,
        },
        Perturbation::InputNoise { raise: 0.0 },
    ]
}

fn labels() -> Labels {
    Labels::weights(&classes()).unwrap()
}

fn sigma() -> Sigma {
    Sigma::new(SIGMA).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// ‖a − b‖ / ‖b‖.
fn change(a: &Tensor, b: &Tensor) -> f64 {
    super::super::relative(a, b)
}

#[test]
fn no_strength_is_the_network_itself_bit_for_bit() {
    for dtype in [DType::F32, DType::BF16] {
        let model = network("main", dtype);
        let plain = model.denoise_at(&images(), sigma(), &labels()).unwrap();
        let sigmas = Tensor::new(&[0.2_f32, 1.0, 30.0], &Device::Cpu).unwrap();
        let batch = model.denoise_batch(&images(), &sigmas, &labels()).unwrap();
        for perturbation in of_no_strength() {
            let perturbed = Perturbed::new(&model, &perturbation, &SEEDS).unwrap();
            let found = perturbed.denoise_at(&images(), sigma(), &labels()).unwrap();
            assert!(bits(&found) == bits(&plain), "{dtype:?} {perturbation:?}");
            let found = perturbed.denoise_batch(&images(), &sigmas, &labels());
            assert!(
                bits(&found.unwrap()) == bits(&batch),
                "{dtype:?} {perturbation:?}"
            );
        }
    }
}

#[test]
fn every_perturbation_changes_what_the_network_says_and_not_too_much() {
    // Attention between random weights is all but even, and a blur of it changes least: 0.4 %.
    for dtype in [DType::F32, DType::BF16] {
        let model = network("main", dtype);
        let plain = model.denoise_at(&images(), sigma(), &labels()).unwrap();
        for perturbation in all() {
            let change = change(&first(&model, &perturbation), &plain);
            assert!(
                (1e-3..2.0).contains(&change),
                "{dtype:?} {perturbation:?}: {change}"
            );
        }
    }
}

#[test]
fn one_noise_level_for_all_is_the_same_level_for_each() {
    let model = network("main", DType::F32);
    for perturbation in all() {
        let perturbed = Perturbed::new(&model, &perturbation, &SEEDS).unwrap();
        let sigmas = Tensor::new(&[SIGMA as f32; 3], &Device::Cpu).unwrap();
        let batch = perturbed
            .denoise_batch(&images(), &sigmas, &labels())
            .unwrap();
        let change = change(&first(&model, &perturbation), &batch);
        assert!(change < 1e-5, "{perturbation:?}: {change}");
    }
}

/// Two evaluations of some images one after the other.
fn twice(
    model: &Edm2,
    perturbation: &Perturbation,
    images_: std::ops::Range<usize>,
) -> [Tensor; 2] {
    let perturbed = Perturbed::new(model, perturbation, &SEEDS[images_.clone()]).unwrap();
    let part = |all: Tensor| all.narrow(0, images_.start, images_.len()).unwrap();
    let (x, labels) = (part(images()), Labels::weights(&part(classes())).unwrap());
    [(); 2].map(|()| perturbed.denoise_at(&x, sigma(), &labels).unwrap())
}

#[test]
fn an_image_does_not_depend_on_its_batch_and_the_same_seed_gives_the_same() {
    for dtype in [DType::F32, DType::BF16] {
        let model = network("main", dtype);
        for perturbation in all() {
            let together = twice(&model, &perturbation, 0..3);
            for index in 0..3 {
                let alone = twice(&model, &perturbation, index..index + 1);
                for (alone, together) in alone.iter().zip(&together) {
                    let within = together.narrow(0, index, 1).unwrap();
                    assert!(
                        bits(alone) == bits(&within),
                        "{dtype:?} {perturbation:?} {index}"
                    );
                }
            }
        }
    }
}

#[test]
fn draws_advance_with_each_evaluation_and_differ_between_seeds() {
    let model = network("main", DType::F32);
    for perturbation in all() {
        let [before, after] = twice(&model, &perturbation, 0..3);
        let same = bits(&before) == bits(&after);
        assert_eq!(same, !perturbation.is_random(), "{perturbation:?}");
        let other = Perturbed::new(&model, &perturbation, &[5, 6, 7]).unwrap();
        let other = other.denoise_at(&images(), sigma(), &labels()).unwrap();
        for index in 0..3 {
            let of = |all: &Tensor| bits(&all.narrow(0, index, 1).unwrap());
            let same = of(&other) == of(&before);
            assert_eq!(same, !perturbation.is_random(), "{perturbation:?} {index}");
        }
    }
}

#[test]
fn a_perturbation_s_noise_is_not_the_noise_that_the_image_began_with() {
    // D(x; σ) − D(x̂; σ̂) of pure noise: with the image's own stream, x̂ would be x made larger.
    let model = network("main", DType::F32);
    let x = (normal([1, 3, 16, 16], SEEDS[0]) * 80.0).unwrap();
    let labels = Labels::none();
    let sigma = Sigma::new(80.0).unwrap();
    let raise = 1.0;
    let perturbed = Perturbed::new(&model, &Perturbation::InputNoise { raise }, &SEEDS[..1]);
    let found = perturbed.unwrap().denoise_at(&x, sigma, &labels).unwrap();
    let lengthened = (&x * (1.0 + 3.0_f64.sqrt())).unwrap();
    let own = model
        .denoise_at(&lengthened, Sigma::new(160.0).unwrap(), &labels)
        .unwrap();
    assert!(change(&found, &own) > 0.1);
}

/// A whole trajectory of the network guided by itself.
fn sampled(model: &Edm2, perturbation: &Perturbation, seeds: &[u64]) -> Tensor {
    let weak = Perturbed::new(model, perturbation, seeds).unwrap();
    let labels = Labels::none();
    let weight = Weight::constant(2.0).unwrap();
    let mut guided = Guided::new(model.given(&labels), weak.given(&labels), weight);
    let levels = Karras::new(0.002, 80.0, 7.0).unwrap().levels(5).unwrap();
    let mut noise = Noise::new(StreamKind::Foil, seeds.iter().copied());
    let zeros = Tensor::zeros((seeds.len(), 3, 16, 16), DType::F32, &Device::Cpu).unwrap();
    let x = (noise.normal_like(&zeros).unwrap() * 80.0).unwrap();
    sample(
        Heun::new(),
        &mut guided,
        x,
        &levels,
        &mut noise,
        &mut Silent,
    )
    .unwrap()
}

#[test]
fn a_network_guides_itself_along_a_trajectory_that_does_not_depend_on_the_batch() {
    let model = network("main", DType::BF16);
    for perturbation in all() {
        let together = sampled(&model, &perturbation, &SEEDS);
        assert!(numbers(&together).iter().all(|number| number.is_finite()));
        let alone = sampled(&model, &perturbation, &SEEDS[1..2]);
        let within = together.narrow(0, 1, 1).unwrap();
        assert!(bits(&alone) == bits(&within), "{perturbation:?}");
    }
}
