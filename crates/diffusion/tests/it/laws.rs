//! Laws that hold for every sampler and every way to guide, run over one table of all of them.

use std::ops::ControlFlow;

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Denoiser, Error, FromFunction, Noise, NoiseLevels, Step,
    guidance::{Blend, Flat, Guided, Weight},
    random::StreamKind,
    sample,
    sampler::{Churn, Heun, SamplerChoice, Variance},
    schedule::Exponential,
};

use crate::worlds::{broad, distance, levels, noisy, run, strong, values, weak};

/// All samplers, and those with noise once more with other parameters.
fn samplers() -> Vec<SamplerChoice> {
    let churn = Churn {
        amount: 4.0,
        sigma_min: 0.05,
        sigma_max: 50.0,
        inflation: 1.003,
    };
    let more = [
        SamplerChoice::Heun(churn),
        SamplerChoice::Ddim(0.6),
        SamplerChoice::EulerAncestral(0.4),
    ];
    SamplerChoice::NAMED
        .iter()
        .map(|(_, choice)| *choice)
        .chain(more)
        .collect()
}

fn constant(weight: f64) -> Weight {
    Weight::constant(weight).unwrap()
}

/// Rounding of a trajectory in f64.
const ROUNDING: f64 = 1e-11;

#[test]
fn weight_one_is_the_strong_model_bit_for_bit_and_never_runs_the_weak_one() {
    for choice in samplers() {
        let x = noisy(3, &levels());
        let alone = run(choice, &mut strong(), x.clone(), &levels(), 7);
        let mut guided = Guided::new(strong(), weak(), constant(1.0));
        assert_eq!(
            values(&run(choice, &mut guided, x.clone(), &levels(), 7)),
            values(&alone),
            "{choice:?}"
        );
        assert_eq!(guided.evaluations().weak, 0);
        let other = run(
            choice,
            &mut Guided::new(strong(), weak(), constant(2.0)),
            x,
            &levels(),
            7,
        );
        assert!(
            distance(&other, &alone) > 1e-3,
            "{choice:?}: guidance must change something"
        );
    }
}

#[test]
fn weight_zero_is_the_weak_model_and_never_runs_the_strong_one() {
    for choice in samplers() {
        let x = noisy(3, &levels());
        let alone = run(choice, &mut weak(), x.clone(), &levels(), 7);
        let mut guided = Guided::new(strong(), weak(), constant(0.0));
        assert_eq!(
            values(&run(choice, &mut guided, x, &levels(), 7)),
            values(&alone),
            "{choice:?}"
        );
        assert_eq!(guided.evaluations().strong, 0);
    }
}

#[test]
fn guiding_a_model_by_itself_changes_nothing() {
    for choice in samplers() {
        let x = noisy(2, &levels());
        let alone = run(choice, &mut strong(), x.clone(), &levels(), 1);
        let mut guided = Guided::new(strong(), strong(), constant(3.7));
        assert_eq!(
            values(&run(choice, &mut guided, x, &levels(), 1)),
            values(&alone),
            "{choice:?}"
        );
    }
}

#[test]
fn a_batch_is_its_images_one_by_one_bit_for_bit() {
    for choice in samplers() {
        let x = noisy(5, &levels());
        let guided = || Guided::new(strong(), weak(), constant(1.8));
        let together = run(choice, &mut guided(), x.clone(), &levels(), 40);
        for image in 0..5 {
            let one = x.narrow(0, image, 1).unwrap();
            let alone = run(choice, &mut guided(), one, &levels(), 40 + image as u64);
            assert_eq!(
                values(&together.narrow(0, image, 1).unwrap()),
                values(&alone),
                "{choice:?}, image {image}"
            );
        }
    }
}

#[test]
fn interpolation_ends_at_classifier_free_guidance_and_at_autoguidance() {
    for choice in samplers() {
        let x = noisy(2, &levels());
        let blended = |share| {
            let mut guided = Guided::new(
                strong(),
                Blend::new(broad(), weak(), share).unwrap(),
                constant(2.3),
            );
            run(choice, &mut guided, x.clone(), &levels(), 3)
        };
        let by_broad = run(
            choice,
            &mut Guided::new(strong(), broad(), constant(2.3)),
            x.clone(),
            &levels(),
            3,
        );
        let by_weak = run(
            choice,
            &mut Guided::new(strong(), weak(), constant(2.3)),
            x.clone(),
            &levels(),
            3,
        );
        assert_eq!(values(&blended(0.0)), values(&by_broad), "{choice:?}");
        assert_eq!(values(&blended(1.0)), values(&by_weak), "{choice:?}");
        let middle = blended(0.5);
        assert!(
            distance(&middle, &by_broad).min(distance(&middle, &by_weak)) > 1e-4,
            "{choice:?}"
        );
    }
}

#[test]
fn the_blend_is_the_papers_three_network_formula() {
    let (w, a) = (2.6, 0.35);
    let (x, sigma) = (
        noisy(4, &levels()),
        foil_diffusion::Sigma::new(1.4).unwrap(),
    );
    let mut guided = Guided::new(
        strong(),
        Blend::new(broad(), weak(), a).unwrap(),
        constant(w),
    );
    let [main, unconditional, guide] =
        [strong(), broad(), weak()].map(|mut mixture| values(&mixture.denoise(&x, sigma).unwrap()));
    let (w_u, w_c) = ((1.0 - a) * (w - 1.0) + 1.0, a * (w - 1.0) + 1.0);
    for (index, found) in values(&guided.denoise(&x, sigma).unwrap())
        .into_iter()
        .enumerate()
    {
        let by_unconditional = (w_u - 1.0) * (main[index] - unconditional[index]);
        let expected = main[index] + by_unconditional + (w_c - 1.0) * (main[index] - guide[index]);
        assert!((found - expected).abs() < ROUNDING);
    }
    assert_eq!(
        (guided.evaluations().strong, guided.evaluations().weak),
        (1, 2)
    );
}

#[test]
fn samplers_that_are_the_same_in_theory_are_the_same_in_practice() {
    use SamplerChoice::{
        Ddim, Ddpm, DpmSolver, DpmSolverPp2m, DpmSolverPp2mSde, Euler, EulerAncestral,
    };
    let pairs = [
        (EulerAncestral(0.0), Euler),
        (Ddim(0.0), Euler),
        (DpmSolver(foil_diffusion::sampler::DpmSolver::First), Euler),
        (Ddpm(Variance::Posterior), EulerAncestral(1.0)),
        (Ddim(1.0), EulerAncestral(1.0)),
        (Ddim(0.37), EulerAncestral(0.37)),
        (DpmSolverPp2mSde(0.0), DpmSolverPp2m),
    ];
    for (left, right) in pairs {
        let x = noisy(3, &levels());
        let first = run(left, &mut strong(), x.clone(), &levels(), 11);
        let second = run(right, &mut strong(), x, &levels(), 11);
        assert!(
            distance(&first, &second) < ROUNDING,
            "{left:?} and {right:?}: {:e}",
            distance(&first, &second)
        );
    }
}

#[test]
fn lengthening_multiplies_the_score() {
    let (x, sigma) = (
        noisy(4, &levels()),
        foil_diffusion::Sigma::new(0.7).unwrap(),
    );
    let denoised = strong().denoise(&x, sigma).unwrap();
    let lengthened = Guided::new(strong(), Flat, constant(1.5))
        .denoise(&x, sigma)
        .unwrap();
    let expected = (&x + ((denoised - &x).unwrap() * 1.5).unwrap()).unwrap();
    assert!(distance(&lengthened, &expected) < ROUNDING);
}

/// With all data at one point the state at σ' is exactly N(point, σ'²) for a sampler that follows the SDE or its flow.
#[test]
fn every_sampler_keeps_the_marginal_of_a_single_point_of_data() {
    let levels = Exponential::new(1.0, 12.0)
        .unwrap()
        .levels_above_zero(6)
        .unwrap();
    let point = 0.3;
    for choice in samplers() {
        // Made too wide on purpose by the other bound of the variance, and by inflated churn.
        if matches!(
            choice,
            SamplerChoice::Ddpm(Variance::Upper) | SamplerChoice::Heun(Churn { amount: 4.0, .. })
        ) {
            continue;
        }
        let x = (noisy(6000, &levels) + point).unwrap();
        let mut data = FromFunction::new(|x: &Tensor, _| Ok((x.zeros_like()? + point)?));
        let ends = values(&run(choice, &mut data, x, &levels, 9_000_000));
        let count = ends.len() as f64;
        let variance = ends
            .iter()
            .map(|value| (value - point).powi(2))
            .sum::<f64>()
            / count;
        // Standard error of a variance of normals: √(2/n); four of them.
        assert!(
            (variance - 1.0).abs() < 4.0 * (2.0 / count).sqrt(),
            "{choice:?}: variance {variance}"
        );
    }
}

#[test]
fn a_trajectory_to_zero_ends_on_the_data() {
    let levels = levels();
    for choice in samplers() {
        let mut data = FromFunction::new(|x: &Tensor, _| Ok((x.zeros_like()? + 0.3)?));
        let ends = run(choice, &mut data, noisy(2, &levels), &levels, 0);
        let expected =
            (Tensor::zeros((2, 2, 3, 1), DType::F64, &Device::Cpu).unwrap() + 0.3).unwrap();
        assert!(distance(&ends, &expected) < 1e-9, "{choice:?}");
    }
}

#[test]
fn single_precision_follows_double_precision() {
    for choice in samplers() {
        let x = noisy(3, &levels());
        let double = run(choice, &mut strong(), x.clone(), &levels(), 5);
        let single = run(
            choice,
            &mut strong(),
            x.to_dtype(DType::F32).unwrap(),
            &levels(),
            5,
        );
        assert_eq!(single.dtype(), DType::F32);
        assert!(
            distance(&single, &double) < 2e-4,
            "{choice:?}: {:e}",
            distance(&single, &double)
        );
    }
}

#[test]
fn a_name_stands_for_every_sampler() {
    for (name, choice) in SamplerChoice::NAMED {
        assert_eq!(name.parse::<SamplerChoice>().unwrap(), choice);
    }
    let message = "hein".parse::<SamplerChoice>().unwrap_err().to_string();
    assert!(
        message.contains("'hein'") && message.contains("dpm-solver++-2m"),
        "{message}"
    );
    assert!(NoiseLevels::from_values(&[1.0, 1.0]).is_err());
}

#[test]
fn an_observer_sees_every_step_and_may_stop() {
    let levels = levels();
    let walk = |stop: usize| {
        let mut seen = Vec::new();
        let mut observer = |step: &Step<'_>| {
            seen.push((
                step.index,
                step.from.get(),
                step.to.get(),
                step.evaluations.strong,
            ));
            if step.index == stop {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let mut noise = Noise::new(StreamKind::Foil, 0..1);
        let x = noisy(1, &levels);
        let end = sample(
            Heun::new(),
            &mut strong(),
            x,
            &levels,
            &mut noise,
            &mut observer,
        );
        (end, seen)
    };
    let (end, seen) = walk(usize::MAX);
    assert!(end.is_ok() && seen.len() == levels.steps() && seen[8].3 == 17);
    assert!(
        levels
            .moves()
            .zip(&seen)
            .all(|((from, to), seen)| (seen.1, seen.2) == (from.get(), to.get()))
    );
    let (end, seen) = walk(2);
    assert!(matches!(end, Err(Error::Interrupted)) && seen.len() == 3);
}
