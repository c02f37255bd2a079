//! Sampling and its judge, with the true distribution in place of a network where the answer must be perfect.

use foil_diffusion::{
    Evaluations, Model, Noise, Silent, guidance::Gate, guidance::Interval, random::StreamKind,
    sample,
};
use foil_toy::{
    Point,
    distribution::{Class, Distribution},
    metrics::{Judge, Metrics, Row},
    network::{Architecture, DensityModel},
    points_of,
    sampling::{Guidance, Plan, Recorder},
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
    let plan = Plan::published().unwrap();
    let class = Distribution::new(Class::A);
    let count = 20_000;
    let start = tensor_of(&plan.start(&class, count, 9)).unwrap();
    let mut noise = Noise::new(StreamKind::Foil, 0..count as u64);
    let sampler = plan.sampler.build(plan.levels.steps()).unwrap();
    let end = sample(
        sampler,
        &mut &class,
        start,
        &plan.levels,
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
    let plan = Plan {
        sampler: "dpm-solver++-2m-sde".parse().unwrap(),
        seed: 5,
        ..Plan::published().unwrap()
    };
    let start = plan.start(&Distribution::new(Class::A), 41, 2);
    let (together, _) = plan
        .run(&main, Guidance::Auto(&guide, 1.5), &start, &mut Silent)
        .unwrap();
    for (index, expected) in together.iter().enumerate() {
        let plan = Plan {
            seed: 5 + index as u64,
            ..plan.clone()
        };
        let one = &start[index..=index];
        let (alone, _) = plan
            .run(&main, Guidance::Auto(&guide, 1.5), one, &mut Silent)
            .unwrap();
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
    let mut plan = Plan::published().unwrap();
    let start = plan.start(&Distribution::new(Class::A), 3, 2);
    let count = |plan: &Plan, guidance| plan.run(&main, guidance, &start, &mut Silent).unwrap().1;
    assert_eq!(
        count(&plan, Guidance::None),
        Evaluations {
            strong: 63,
            weak: 0
        }
    );
    assert_eq!(
        count(&plan, Guidance::Truncation(1.2)),
        Evaluations {
            strong: 63,
            weak: 0
        }
    );
    assert_eq!(
        count(&plan, Guidance::ClassifierFree(&weak, 2.0)),
        Evaluations {
            strong: 63,
            weak: 63
        }
    );
    assert_eq!(
        count(&plan, Guidance::Interpolation(&weak, &weak, 2.0, 0.5)),
        Evaluations {
            strong: 63,
            weak: 126
        }
    );
    plan.interval = Some(Interval::new(0.02, 1.0, Gate::Step).unwrap());
    assert!(count(&plan, Guidance::ClassifierFree(&weak, 2.0)).weak < 40);
}

#[test]
fn a_recorder_remembers_every_step() {
    let main = network(Class::A, 8, 0);
    let plan = Plan::published().unwrap();
    let start = plan.start(&Distribution::new(Class::A), 5, 2);
    let mut recorder = Recorder::default();
    let (ends, _) = plan
        .run(&main, Guidance::None, &start, &mut recorder)
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
        2.5,
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
