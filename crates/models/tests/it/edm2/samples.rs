//! Whole trajectories from torch's seeds: noise, labels, guidance, churn, pixels.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Silent,
    guidance::Plan,
    random::StreamKind,
    random::{Stream, TorchCpu},
    sampler::{Churn, SamplerChoice},
    schedule::Karras,
};
use foil_models::edm2::{Edm2, Generated, Generator, GuideNetworks};

use super::{error, expected, network, snapshot};

const SEEDS: [u64; 4] = [0, 1, 2, 16];
/// Eight steps carry the error of an evaluation further. The worst seen is 1.9e-6.
const TOLERANCE: f64 = 1e-3;

/// `guide` is for any guidance that needs another network.
fn generator<'a>(main: &'a Edm2, guide: &'a Edm2, guidance: &str, churn: Churn) -> Generator<'a> {
    Generator {
        main,
        degradation: None,
        plan: guidance.parse().unwrap(),
        guides: GuideNetworks {
            auto: Some(guide),
            unconditional: Some(guide),
            ..GuideNetworks::default()
        },
        sampler: SamplerChoice::Heun(churn),
        levels: Karras::new(0.002, 80.0, 7.0).unwrap().levels(8).unwrap(),
        stream: StreamKind::TorchCpu,
        class: None,
    }
}

fn sampled(generator: &Generator<'_>, seeds: &[u64]) -> Generated {
    generator.batch(seeds, &Device::Cpu, &mut Silent).unwrap()
}

#[test]
fn noise_and_labels_are_torchs() {
    let expected = expected();
    let rows: Vec<Vec<f32>> = expected["sample.labels"].to_vec2().unwrap();
    let noise: Vec<Vec<f32>> = expected["sample.noise"]
        .flatten_from(1)
        .unwrap()
        .to_vec2()
        .unwrap();
    for ((seed, row), noise) in SEEDS.into_iter().zip(rows).zip(noise) {
        let mut stream = TorchCpu::new(seed);
        let mut drawn = vec![0.0; noise.len()];
        stream.fill_normal(&mut drawn);
        let most = drawn
            .iter()
            .zip(&noise)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        // The last bit of a logarithm or a sine differs between libraries.
        assert!(most <= 1e-6, "noise of seed {seed}: {most}");
        let class = stream.below(10) as usize;
        assert_eq!(
            row.iter().position(|&value| value > 0.5),
            Some(class),
            "label of seed {seed}"
        );
    }
}

#[test]
fn samples_are_those_of_the_reference_program() {
    let expected = expected();
    let [main, guide, uncond] = ["main", "guide", "uncond"].map(|name| network(name, DType::F32));
    let churn = Churn {
        amount: 10.0,
        sigma_min: 0.05,
        sigma_max: 50.0,
        inflation: 1.003,
    };
    let cases = [
        ("none", &guide, "none", Churn::NONE),
        ("autoguidance_w2.1", &guide, "auto:2.1", Churn::NONE),
        ("autoguidance_w0.5", &guide, "auto:0.5", Churn::NONE),
        ("cfg_w1.5", &uncond, "cfg:1.5", Churn::NONE),
        ("churn", &guide, "auto:2.1", churn),
    ];
    for (name, guide, guidance, churn) in cases {
        let found = sampled(&generator(&main, guide, guidance, churn), &SEEDS);
        let error = error(&found.samples, &expected[&format!("sample.{name}")]);
        assert!(error < TOLERANCE, "{name}: {error}");
    }
    let different = error(
        &expected["sample.autoguidance_w2.1"],
        &expected["sample.none"],
    );
    assert!(different > 0.1, "guidance changes little: {different}");
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    for dtype in [DType::F32, DType::BF16] {
        let (main, guide) = (network("main", dtype), network("guide", dtype));
        let generator = generator(&main, &guide, "auto:2.1", Churn::NONE);
        let together = sampled(&generator, &SEEDS);
        for (index, seed) in SEEDS.into_iter().enumerate() {
            let alone = sampled(&generator, &[seed]);
            let bits = |tensor: &Tensor| -> Vec<u32> {
                let numbers: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
                numbers.into_iter().map(f32::to_bits).collect()
            };
            let within = together.samples.narrow(0, index, 1).unwrap();
            assert!(
                bits(&within) == bits(&alone.samples),
                "{dtype:?} seed {seed}"
            );
            assert_eq!(alone.classes, together.classes[index..=index]);
        }
    }
}

#[test]
fn evaluations_are_counted_and_saved_where_guidance_does_not_act() {
    let (main, guide) = (network("main", DType::F32), network("guide", DType::F32));
    let mut generator = generator(&main, &guide, "auto:2.1", Churn::NONE);
    let count = |generator: &Generator<'_>| {
        let evaluations = sampled(generator, &[3]).evaluations;
        (evaluations.strong, evaluations.weak)
    };
    assert_eq!(count(&generator), (15, 15));
    generator.plan = "auto:2.1@0.1..10".parse().unwrap();
    let (strong, weak) = count(&generator);
    assert!(strong == 15 && weak > 0 && weak < 15, "{weak}");
    generator.plan = "auto:1".parse().unwrap();
    assert_eq!(count(&generator), (15, 0));
}

/// What is counted beforehand is what a trajectory takes.
#[test]
fn evaluations_are_known_before_images_are_made() {
    let (main, guide) = (network("main", DType::F32), network("guide", DType::F32));
    for guidance in [
        "none",
        "auto:2@0.1..10",
        "auto:2+cfg:1.5",
        "icg:2,refresh(every=3)",
    ] {
        let generator = generator(&main, &guide, guidance, Churn::NONE);
        let counted = generator.evaluations().unwrap();
        assert_eq!(
            sampled(&generator, &[3, 4]).evaluations,
            counted,
            "{guidance}"
        );
    }
}

/// The same change twice cancels; of what is drawn, the guide draws its own.
#[test]
fn a_degraded_network_is_guided_as_any_other() {
    let (main, guide) = (network("main", DType::F32), network("guide", DType::F32));
    let degraded = |degradation: &str, guidance: &str| {
        let mut generator = generator(&main, &guide, guidance, Churn::NONE);
        let plan: Plan = format!("{degradation}:2").parse().unwrap();
        generator.degradation = Some(plan.terms()[0].guide.clone());
        sampled(&generator, &SEEDS).samples
    };
    let whole = sampled(&generator(&main, &guide, "none", Churn::NONE), &SEEDS).samples;
    for (degradation, draws) in [
        ("skip(blocks=1)", false),
        ("self(shift=0.3)", false),
        ("dropout(p=0.1)", true),
        ("noise(amount=0.1)", true),
    ] {
        let alone = degraded(degradation, "none");
        assert!(
            error(&alone, &whole) > 1e-3,
            "{degradation} changes nothing"
        );
        let guided = degraded(degradation, &format!("{degradation}:3"));
        let difference = error(&guided, &alone);
        assert_eq!(difference > 0.0, draws, "{degradation}: {difference}");
    }
    // By the network that was degraded: Δ leads back to it.
    let back = degraded("skip(blocks=1)", "auto:0");
    let of_guide = sampled(&generator(&guide, &guide, "none", Churn::NONE), &SEEDS).samples;
    assert!(error(&back, &of_guide) < 1e-4);
}

#[test]
fn pixels_are_those_of_the_reference_program() {
    let [main, guide] = ["main", "guide"].map(|name| network(name, DType::F32));
    let found = sampled(&generator(&main, &guide, "auto:2.1", Churn::NONE), &SEEDS);
    let expected = expected()["sample.autoguidance_w2.1.uint8"]
        .permute((0, 2, 3, 1))
        .unwrap();
    let expected: Vec<u8> = expected.flatten_all().unwrap().to_vec1().unwrap();
    let images = snapshot("main").encoder.pixels(&found.samples).unwrap();
    let found: Vec<u8> = images.into_iter().flat_map(|image| image.bytes).collect();
    assert_eq!(found.len(), expected.len());
    let equal = found.iter().zip(&expected).filter(|(a, b)| a == b).count();
    assert!(
        equal as f64 >= 0.999 * expected.len() as f64,
        "{equal} of {}",
        expected.len()
    );
}
