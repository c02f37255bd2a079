//! Where guidance acts: both published meanings of an interval, weights that follow σ, and what is refused.

use std::{cell::RefCell, rc::Rc};

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Denoiser, Error, FromFunction, Noise, NoiseLevels, Sigma, Silent,
    guidance::{Blend, Flat, Gate, Gauge, Guided, Interval, Weight},
    random::StreamKind,
    sample,
    sampler::{Churn, Heun, SamplerChoice},
    schedule::Karras,
};

use crate::worlds::{broad, distance, noisy, run, strong, weak};

fn published_levels() -> NoiseLevels {
    Karras::new(0.002, 80.0, 7.0).unwrap().levels(32).unwrap()
}

/// The noise levels at which the weak model was asked, of a Heun trajectory guided inside an interval.
fn guided_levels(interval: Interval) -> Vec<f64> {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let record = Rc::clone(&asked);
    let recording = FromFunction::new(move |x: &Tensor, sigma: Sigma| {
        record.borrow_mut().push(sigma.get());
        Ok((x * 0.5)?)
    });
    let weight = Weight::constant(2.0).unwrap().within(interval);
    let levels = published_levels();
    run(
        SamplerChoice::Heun(Churn::NONE),
        &mut Guided::new(strong(), recording, weight),
        noisy(1, &levels),
        &levels,
        0,
    );
    asked.take()
}

#[test]
fn an_interval_per_step_guides_both_evaluations_of_its_steps() {
    // The reference code of the interval paper guides steps 17 to 22 of 32: σ from 1.609 to 0.283, and the second
    // evaluation of the last of them at 0.1886.
    let asked = guided_levels(Interval::new(0.19, 1.61, Gate::Step).unwrap());
    assert_eq!(asked.len(), 12);
    assert!(
        (asked[0] - 1.60857).abs() < 1e-4 && (asked[11] - 0.188_599).abs() < 1e-5,
        "{asked:?}"
    );
}

#[test]
fn an_interval_per_evaluation_looks_at_each_sigma() {
    let asked = guided_levels(Interval::new(0.19, 1.61, Gate::Evaluation).unwrap());
    assert_eq!(asked.len(), 12);
    assert!(asked.iter().all(|sigma| (0.19..=1.61).contains(sigma)));
    // The first is the corrector of a step that starts above the interval.
    assert!(
        (asked[0] - asked[1]).abs() < 1e-12 && (asked[11] - 0.283_044).abs() < 1e-5,
        "{asked:?}"
    );
}

#[test]
fn an_interval_is_open_below_and_closed_above() {
    let levels = published_levels();
    let (low, high) = (levels.as_slice()[22].get(), levels.as_slice()[17].get());
    let asked = guided_levels(Interval::new(low, high, Gate::Step).unwrap());
    assert_eq!(asked.len(), 10);
}

#[test]
fn a_weight_may_follow_the_noise_level() {
    let levels = published_levels();
    let x = noisy(2, &levels);
    let step = |weight| {
        let mut guided = Guided::new(strong(), weak(), weight);
        run(SamplerChoice::Euler, &mut guided, x.clone(), &levels, 0)
    };
    let by_function = step(Weight::function(
        |sigma| if sigma.get() > 1.0 { 1.0 } else { 2.5 },
    ));
    let interval = Interval::new(0.0, 1.0, Gate::Evaluation).unwrap();
    let by_interval = step(Weight::constant(2.5).unwrap().within(interval));
    assert!(distance(&by_function, &by_interval) == 0.0);
    assert!(distance(&by_function, &step(Weight::constant(2.5).unwrap())) > 1e-3);
}

#[test]
fn evaluations_are_counted_for_strong_and_weak_apart() {
    let levels = published_levels();
    let weight = Weight::constant(3.0).unwrap();
    let mut guided = Guided::new(strong(), Blend::new(broad(), weak(), 0.5).unwrap(), weight);
    run(
        SamplerChoice::Heun(Churn::NONE),
        &mut guided,
        noisy(1, &levels),
        &levels,
        0,
    );
    assert_eq!(
        (guided.evaluations().strong, guided.evaluations().weak),
        (63, 126)
    );
}

#[test]
fn meaningless_guidance_is_refused() {
    assert!(matches!(
        Weight::constant(f64::NAN),
        Err(Error::Guidance(_))
    ));
    for (low, high) in [
        (1.0, 1.0),
        (2.0, 1.0),
        (-0.1, 1.0),
        (f64::NAN, 1.0),
        (0.0, f64::NAN),
    ] {
        assert!(
            Interval::new(low, high, Gate::Step).is_err(),
            "{low}..{high}"
        );
    }
    assert!(Blend::new(strong(), weak(), 1.1).is_err());
    let mut undefined = Guided::new(strong(), weak(), Weight::function(|_| f64::INFINITY));
    let levels = published_levels();
    assert!(
        undefined
            .denoise(&noisy(1, &levels), levels.first())
            .is_err()
    );
}

/// Classifier-free guidance is as strong as its weight says, at any number of evaluations; a flat guide by what it moves in that direction.
#[test]
fn the_effective_scale_of_classifier_free_guidance_is_its_weight() {
    let levels = Karras::new(0.01, 20.0, 7.0).unwrap().levels(9).unwrap();
    let gauged = |guided: Box<dyn Denoiser>| {
        let mut gauge = Gauge::new(guided, strong(), weak());
        let mut noise = Noise::new(StreamKind::Foil, 0..5);
        let shape = Tensor::zeros((5, 1, 2, 3), DType::F64, &Device::Cpu).unwrap();
        let x = (noise.normal_like(&shape).unwrap() * 20.0).unwrap();
        sample(Heun::new(), &mut gauge, x, &levels, &mut noise, &mut Silent).unwrap();
        gauge.scale()
    };
    for weight in [0.5, 1.0, 1.75, 4.0] {
        let weighted = Weight::constant(weight).unwrap();
        let found = gauged(Box::new(Guided::new(strong(), weak(), weighted)));
        assert!((found - weight).abs() < 1e-9, "{weight}: {found}");
    }
    let flat = Guided::new(strong(), Flat, Weight::constant(1.5).unwrap());
    let found = gauged(Box::new(flat));
    assert!((found - 1.5).abs() > 1e-3 && found.is_finite(), "{found}");
    let only_late = Interval::new(0.0, 1.0, Gate::Step).unwrap();
    let late = Weight::constant(2.0).unwrap().within(only_late);
    let found = gauged(Box::new(Guided::new(strong(), weak(), late)));
    assert!((1.0..2.0).contains(&found), "{found}");
}
