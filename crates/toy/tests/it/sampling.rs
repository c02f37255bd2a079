//! Sampling and its judge, with the true distribution in place of a network where the answer must be perfect.

use foil_diffusion::{Model, Noise, Silent, guidance::Plan, random::StreamKind, sample};
use foil_toy::{
    Point,
    distribution::{Class, Distribution, Posterior},
    metrics::{Judge, Metrics, Row},
    network::{Architecture, DensityModel},
    points_of,
    sampling::{Guidance, GuideModels, Recorder, Sampling, check},
    tensor_of,
    training::{Config, Training},
};

fn network(class: Class, width: usize, seed: u64) -> DensityModel {
    let mut training = Training::new(Config {
        class,
        architecture: Architecture { layers: 2, width },
        seed,
    });
    for _ in 0..60 {
        training.step();
    }
    training.model()
}

#[test]
fn the_true_score_leads_to_true_samples() {
    let sampling = Sampling::published().unwrap();
    let class = Distribution::new(Class::A);
    let count = 20_000;
    let start = tensor_of(&sampling.start(&class, count, 9)).unwrap();
    let mut noise = Noise::new(StreamKind::Foil, 0..count as u64);
    let sampler = sampling.sampler.build(sampling.levels.steps()).unwrap();
    let end = sample(
        sampler,
        &mut &class,
        start,
        &sampling.levels,
        &mut noise,
        &mut Silent,
    )
    .unwrap();
    let judge = Judge::new(count, 1).unwrap();
    let ideal = judge.measure(&points_of(&end).unwrap()).unwrap();
    let truth = judge.measure(&judge.true_samples(count, 1)).unwrap();
    assert!(
        (truth.outlier_rate - 0.001).abs() < 0.0008 && truth.coverage > 0.97,
        "{truth:?}"
    );
    assert!(
        ideal.outlier_rate < 0.004 && ideal.coverage > 0.97,
        "{ideal:?}"
    );
    assert!(ideal.energy_distance.abs() < 0.0005 && truth.energy_distance.abs() < 0.0005);
    assert!((ideal.log_density_mean - truth.log_density_mean).abs() < 0.05);
    assert!(ideal.class_purity > 0.99);
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let judge = Judge::new(20_000, 1).unwrap();
    let true_samples = judge.true_samples(20_000, 4);
    let shifted: Vec<Point> = true_samples.iter().map(|[x, y]| [x + 0.5, *y]).collect();
    let measures = judge.measure(&shifted).unwrap();
    assert!(
        measures.outlier_rate > 0.3 && measures.energy_distance > 0.05,
        "{measures:?}"
    );
    let other = Distribution::new(Class::B)
        .at(foil_diffusion::Sigma::ZERO)
        .samples(5000, 0);
    assert!(judge.measure(&other).unwrap().class_purity < 0.01);
    // One branch alone covers itself and nothing else.
    let trunk: Vec<Point> = true_samples
        .into_iter()
        .filter(|[x, y]| *x < 0.2 && *y < 0.3 && *x > 0.0)
        .collect();
    let measures = judge.measure(&trunk).unwrap();
    assert!(
        measures.coverage < 0.05 && measures.coverage_coarse == 0.0,
        "{measures:?}"
    );
}

#[test]
fn batches_of_points_are_points_one_by_one() {
    let (main, guide) = (network(Class::A, 12, 0), network(Class::A, 7, 1));
    let sampling = Sampling {
        sampler: "dpm-solver++-2m-sde".parse().unwrap(),
        seed: 5,
        ..Sampling::published().unwrap()
    };
    let guidance = Guidance {
        plan: "auto:1.5+noise(amount=0.2):1.3".parse().unwrap(),
        ..Guidance::auto(&guide, 1.5).unwrap()
    };
    let start = sampling.start(&Distribution::new(Class::A), 41, 2);
    let (together, _) = sampling.run(&main, &guidance, &start, &mut Silent).unwrap();
    for (index, expected) in together.iter().enumerate() {
        let sampling = Sampling {
            seed: 5 + index as u64,
            ..sampling.clone()
        };
        let one = &start[index..=index];
        let (alone, _) = sampling.run(&main, &guidance, one, &mut Silent).unwrap();
        assert_eq!(
            alone[0].map(f32::to_bits),
            expected.map(f32::to_bits),
            "point {index}"
        );
    }
}

#[test]
fn a_level_for_each_point_is_a_level_for_all_when_they_agree() {
    let model = network(Class::B, 20, 3);
    let points: Vec<Point> = Distribution::new(Class::B)
        .at(foil_diffusion::Sigma::ZERO)
        .samples(1100, 0);
    let (x, sigma) = (
        tensor_of(&points).unwrap(),
        foil_diffusion::Sigma::new(0.7).unwrap(),
    );
    let sigmas = candle_core::Tensor::full(0.7_f32, 1100, x.device()).unwrap();
    let each = points_of(&model.denoise_batch(&x, &sigmas, &()).unwrap()).unwrap();
    let all = points_of(&model.denoise_at(&x, sigma, &()).unwrap()).unwrap();
    for (each, all) in each.iter().zip(&all) {
        assert!((each[0] - all[0]).abs() < 1e-6 && (each[1] - all[1]).abs() < 1e-6);
    }
    assert!(
        model
            .denoise_batch(&x, &sigmas.narrow(0, 0, 3).unwrap(), &())
            .is_err()
    );
}

#[test]
fn guidance_costs_what_it_says() {
    let (main, weak) = (network(Class::A, 8, 0), network(Class::AB, 8, 1));
    let posterior = Posterior::new(Class::A).unwrap();
    let sampling = Sampling::published().unwrap();
    let start = sampling.start(&Distribution::new(Class::A), 3, 2);
    let models = GuideModels {
        auto: Some(&weak),
        unconditional: Some(&weak),
        classifier: Some(&posterior),
    };
    let count = |text: &str| {
        let plan = text.parse().unwrap();
        let guidance = Guidance { plan, models };
        let (_, evaluations) = sampling.run(&main, &guidance, &start, &mut Silent).unwrap();
        assert_eq!(evaluations.strong, 63, "{text}");
        evaluations.weak
    };
    for (text, weak) in [
        ("none", 0),
        ("truncate:1.2", 0),
        ("auto:1", 0),
        ("cfg:2", 63),
        ("classifier:1", 63),
        ("self:3", 63),
        ("noise(amount=0.1):2", 63),
        ("cfg:1.5+auto:1.5", 126),
        ("cfg:1.5+auto:1", 63),
    ] {
        assert_eq!(count(text), weak, "{text}");
    }
    assert!((1..40).contains(&count("cfg:2@0.02..1")));
}

#[test]
fn every_guide_that_points_can_have_changes_where_they_go() {
    let (main, weak) = (network(Class::A, 12, 0), network(Class::AB, 7, 1));
    let posterior = Posterior::new(Class::A).unwrap();
    let models = GuideModels {
        auto: Some(&weak),
        unconditional: Some(&weak),
        classifier: Some(&posterior),
    };
    let sampling = Sampling::published().unwrap();
    let start = sampling.start(&Distribution::new(Class::A), 50, 2);
    let ends = |text: &str| {
        let plan = text.parse().unwrap();
        let guidance = Guidance { plan, models };
        let (ends, _) = sampling.run(&main, &guidance, &start, &mut Silent).unwrap();
        ends
    };
    let mut seen = vec![ends("none")];
    for text in [
        "auto:2",
        "truncate:1.2",
        "classifier:2",
        "self:3",
        "noise(amount=0.1):2",
    ] {
        let ends = ends(text);
        assert!(ends.iter().flatten().all(|value| value.is_finite()));
        assert!(seen.iter().all(|other| *other != ends), "{text}");
        seen.push(ends);
    }
    assert_eq!(
        ends("cfg:2"),
        seen[1],
        "here both are guided by the same model"
    );
}

#[test]
fn guides_inside_networks_of_images_are_refused_by_name() {
    for text in [
        "window(size=40,stride=24):1.2",
        "dropout(p=0.1):2",
        "skip(blocks=all):2",
        "attention-identity:3",
        "attention-blur(sigma=inf):3",
        "icg:2",
        "time-step(scale=0.5,exponent=0):2",
        "weight-noise(amount=0.1):2",
        "bits(n=4):2",
        "ema(std=0.05):2",
    ] {
        let plan: Plan = format!("auto:2+{text}").parse().unwrap();
        let problem = check(&plan).unwrap_err().to_string();
        let name = text.split([':', '(']).next().unwrap();
        assert!(problem.contains(name), "{problem}");
        assert!(problem.contains("allowed are auto, cfg"), "{problem}");
    }
    let main = network(Class::A, 8, 0);
    let sampling = Sampling::published().unwrap();
    for text in ["auto:2", "cfg:2", "classifier:1"] {
        let guidance = Guidance {
            plan: text.parse().unwrap(),
            models: GuideModels::default(),
        };
        let ran = sampling.run(&main, &guidance, &[[0.0; 2]], &mut Silent);
        assert!(ran.unwrap_err().to_string().contains("needs"), "{text}");
    }
}

#[test]
fn a_recorder_remembers_every_step() {
    let main = network(Class::A, 8, 0);
    let sampling = Sampling::published().unwrap();
    let start = sampling.start(&Distribution::new(Class::A), 5, 2);
    let mut recorder = Recorder::default();
    let (ends, _) = sampling
        .run(&main, &Guidance::none(), &start, &mut recorder)
        .unwrap();
    let trajectories = recorder.trajectories(&start);
    assert!(trajectories.iter().all(|line| line.len() == 33));
    assert_eq!(
        (trajectories[4][0], trajectories[4][32]),
        (start[4], ends[4])
    );
}

#[test]
fn the_table_is_aligned_and_survives_json() {
    let judge = Judge::new(2000, 1).unwrap();
    let mut row = Row::new(
        "a name",
        Some(2.5),
        2000,
        judge.measure(&judge.true_samples(2000, 4)).unwrap(),
    );
    row.interval = Some([0.1, 1.0]);
    let plain = Row {
        interval: None,
        method: "a much longer name".into(),
        ..row.clone()
    };
    let metrics = Metrics {
        rows: vec![row, plain],
        training: vec![],
        guide_search: vec![],
    };
    let table = metrics.table();
    let lengths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
    assert!(
        lengths.len() == 3 && lengths.iter().all(|length| *length == lengths[0]),
        "{table}"
    );
    let back: Metrics = serde_json::from_str(&serde_json::to_string(&metrics).unwrap()).unwrap();
    assert_eq!(back, metrics);
}
