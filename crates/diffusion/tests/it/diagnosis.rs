//! Errors of two models against cases whose answer is known.

use candle_core::{Device, Tensor};
use foil_diffusion::{
    Denoiser, Mixture, Noise, Sigma,
    diagnosis::{Compatibility, Errors},
    random::StreamKind,
};

fn normal(seed: u64, count: usize) -> Tensor {
    let like = Tensor::zeros((1, 1, 1, count), candle_core::DType::F32, &Device::Cpu);
    Noise::new(StreamKind::Foil, [seed])
        .normal_like(&like.unwrap())
        .unwrap()
}

fn of(main: &Tensor, guide: &Tensor, truth: &Tensor) -> Compatibility {
    let mut errors = Errors::default();
    // In two parts of unequal size.
    let count = main.dim(3).unwrap();
    for (start, length) in [(0, count / 3), (count / 3, count - count / 3)] {
        let part = |tensor: &Tensor| tensor.narrow(3, start, length).unwrap();
        errors.add(&part(main), &part(guide), &part(truth)).unwrap();
    }
    errors.compatibility()
}

fn near(found: f64, expected: f64) {
    let size = 1e-3 * expected.abs().max(1.0);
    assert!((found - expected).abs() < size, "{found} is not {expected}");
}

#[test]
fn a_guide_with_k_times_the_error_points_at_the_truth() {
    let (truth, error) = (normal(1, 3000), normal(2, 3000));
    let main = (&truth + (&error * 0.1).unwrap()).unwrap();
    for k in [1.5, 3.0] {
        let guide = (&truth + (&error * (0.1 * k)).unwrap()).unwrap();
        let found = of(&main, &guide, &truth);
        near(found.correlation.unwrap(), 1.0);
        near(found.guide_error / found.main_error, k);
        near(found.difference / found.main_error, k - 1.0);
        assert!(found.angle.unwrap() < 0.1, "{found:?}");
        // w = 1 + 1/(k − 1) leaves nothing, and half of it half.
        let best = k / (k - 1.0);
        near(found.best_weight.unwrap(), best);
        near(found.error_left(best).unwrap(), 0.0);
        near(found.error_left(0.5 * (1.0 + best)).unwrap(), 0.5);
    }
}

#[test]
fn independent_errors_point_away_from_the_truth() {
    let (truth, count) = (normal(1, 60_000), 60_000);
    let main = (&truth + (normal(2, count) * 0.1).unwrap()).unwrap();
    let guide = (&truth + (normal(3, count) * 0.2).unwrap()).unwrap();
    let found = of(&main, &guide, &truth);
    assert!(found.correlation.unwrap().abs() < 0.02, "{found:?}");
    // Δ = e_m − e_g: ⟨Δ, −e_m⟩ = −0.01 and ‖Δ‖² = 0.05.
    assert!((found.best_weight.unwrap() - 0.8).abs() < 0.01);
    let angle = (-0.01_f64 / (0.05_f64.sqrt() * 0.1)).acos().to_degrees();
    assert!((found.angle.unwrap() - angle).abs() < 1.0 && angle > 90.0);
    let left = found.error_left(3.0).unwrap();
    assert!((left - (0.01_f64 + 0.04 + 4.0 * 0.05).sqrt() / 0.1).abs() < 0.1);
}

#[test]
fn data_as_truth_say_the_same_direction_and_weight_as_the_ideal_denoiser() {
    // Data of deviation 1; models that believe in 1.1 and 1.3.
    let (count, sigma) = (200_000, Sigma::new(0.8).unwrap());
    let clean = normal(5, count);
    let noisy = (&clean + (normal(6, count) * sigma.get()).unwrap()).unwrap();
    let estimate = |deviation: f64| {
        let mut model = Mixture::new(&[(1.0, 0.0, deviation)]).unwrap();
        model.denoise(&noisy, sigma).unwrap()
    };
    let [ideal, main, guide] = [1.0, 1.1, 1.3].map(estimate);
    let (by_truth, by_data) = (of(&main, &guide, &ideal), of(&main, &guide, &clean));
    let (exact, found) = (by_truth.best_weight.unwrap(), by_data.best_weight.unwrap());
    assert!(
        exact > 1.2 && (found - exact).abs() < 0.15,
        "{found}, {exact}"
    );
    assert!(by_truth.angle.unwrap() < 1.0);
    assert!(
        (80.0..90.0).contains(&by_data.angle.unwrap()),
        "{by_data:?}"
    );
    near(by_data.difference, by_truth.difference);
    assert!(by_data.main_error > 3.0 * by_truth.main_error);
}

#[test]
fn what_does_not_exist_is_not_told() {
    let truth = normal(1, 30);
    let same = of(&truth, &truth, &truth);
    assert_eq!(same.correlation, None);
    assert_eq!((same.angle, same.best_weight), (None, None));
    assert_eq!(same.error_left(2.0), None);
    assert_eq!((same.main_error, same.difference), (0.0, 0.0));
    let mut errors = Errors::default();
    assert!(errors.add(&truth, &truth, &normal(1, 29)).is_err());
}
