//! CFG++: its step, and who refuses it.

use candle_core::Tensor;
use foil_diffusion::{
    Denoiser, Error, Noise, NoiseLevels, Silent,
    guidance::{Guided, Weight},
    random::StreamKind,
    sample,
    sampler::SamplerChoice,
};

use super::table::guided;
use crate::worlds::{broad, distance, levels, noisy, run, strong};

/// For a first-order step CFG++ with λ is CFG with w = λσ/(σ − σ').
fn by_weights(share: f64, x: &Tensor, levels: &NoiseLevels) -> Tensor {
    let mut x = x.clone();
    for (from, to) in levels.moves() {
        let weight = share * from.get() / (from.get() - to.get());
        let weight = Weight::constant(weight).unwrap();
        let denoised = Guided::new(strong(), broad(), weight)
            .denoise(&x, from)
            .unwrap();
        let slope = ((&x - denoised).unwrap() / from.get()).unwrap();
        x = (x + (slope * (to.get() - from.get())).unwrap()).unwrap();
    }
    x
}

#[test]
fn eulers_steps_with_plus_plus_are_guidance_with_a_weight_of_the_step() {
    let x = noisy(3, &levels());
    for share in [0.0, 0.35, 1.0] {
        let expected = by_weights(share, &x, &levels());
        let plain = run(
            SamplerChoice::Euler,
            &mut guided(&format!("cfg:{share}"), 0..3),
            x.clone(),
            &levels(),
            0,
        );
        for choice in [
            SamplerChoice::Euler,
            SamplerChoice::Ddim(0.0),
            SamplerChoice::EulerAncestral(0.0),
        ] {
            let mut denoiser = guided(&format!("cfg:{share},plus-plus"), 0..3);
            let found = run(choice, &mut denoiser, x.clone(), &levels(), 0);
            assert!(distance(&found, &expected) < 1e-11, "{choice:?}, {share}");
            assert!(
                share == 0.0 || distance(&found, &plain) > 1e-3,
                "{choice:?}, {share}"
            );
        }
    }
}

#[test]
fn ddim_and_euler_ancestral_agree_with_noise_as_well() {
    let x = noisy(3, &levels());
    let walk = |choice| {
        run(
            choice,
            &mut guided("cfg:0.6,plus-plus", 0..3),
            x.clone(),
            &levels(),
            4,
        )
    };
    let (ddim, ancestral) = (
        walk(SamplerChoice::Ddim(0.7)),
        walk(SamplerChoice::EulerAncestral(0.7)),
    );
    assert!(distance(&ddim, &ancestral) < 1e-11);
}

#[test]
fn samplers_without_a_form_of_it_refuse_before_they_run_a_network() {
    let mut taken = Vec::new();
    for (name, choice) in SamplerChoice::NAMED {
        let mut denoiser = guided("cfg:0.6,plus-plus+auto:1.2", 0..2);
        let mut noise = Noise::new(StreamKind::Foil, 0..2);
        let sampler = choice.build(levels().steps()).unwrap();
        let end = sample(
            sampler,
            &mut denoiser,
            noisy(2, &levels()),
            &levels(),
            &mut noise,
            &mut Silent,
        );
        match end {
            Ok(_) => taken.push(name),
            Err(Error::Sampler(problem)) => {
                assert!(
                    problem.contains("use euler, ddim, euler-ancestral or dpm-solver++-2m"),
                    "{problem}"
                );
                assert_eq!(denoiser.evaluations().total(), 0, "{name}");
            }
            Err(other) => panic!("{name}: {other}"),
        }
    }
    assert_eq!(
        taken,
        ["euler", "ddim", "euler-ancestral", "dpm-solver++-2m"]
    );
}
