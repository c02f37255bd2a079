//! Values of shapes and finishes against `tests/golden/guidance.py`, which shares no method with the crate.

use std::{collections::HashMap, path::Path};

use candle_core::{Device, Tensor};
use foil_diffusion::{
    Denoiser, FromFunction, Mixture, NoiseLevels, Sigma, Step, sample, sampler::DpmSolverPp2m,
};

use super::table::{Only, answers, plan};
use crate::worlds::distance;

/// Both programs work in f64.
const ROUNDING: f64 = 1e-11;

const METHODS: [(&str, &str); 15] = [
    ("cfg", "cfg:4"),
    ("apg-paper", "cfg:4,apg(eta=0.25)"),
    ("apg-diffusers", "cfg:4,apg(eta=0.25,dialect=diffusers)"),
    ("apg-comfy", "cfg:4,apg(eta=0.25,dialect=comfy)"),
    ("apg-sdcpp", "cfg:4,apg(eta=0.25,dialect=sdcpp)"),
    ("zero-star", "cfg:4,zero-star(zero=0)"),
    ("tcfg-image", "cfg:4,tcfg"),
    ("tcfg-noise", "cfg:4,tcfg(space=noise)"),
    ("fdg-2", "cfg:4,fdg(low=0.25)"),
    ("fdg-3", "cfg:4,fdg(low=0.25,high=1.5,levels=3)"),
    ("mambo", "cfg:4,mambo"),
    ("rescale", "cfg:4,rescale"),
    ("threshold", "cfg:4,threshold(1.5)"),
    ("dynamic", "cfg:4,dynamic-threshold(0.9)"),
    (
        "dynamic-cap",
        "cfg:4,dynamic-threshold(percentile=0.9,cap=1.5)",
    ),
];

fn golden() -> HashMap<String, Tensor> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/guidance.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

/// The evaluations stacked in a tensor.
fn each(tensor: &Tensor) -> Vec<Tensor> {
    (0..tensor.dim(0).unwrap())
        .map(|time| tensor.get(time).unwrap())
        .collect()
}

#[test]
fn every_shape_and_finish_is_its_papers_formula() {
    let golden = golden();
    for size in ["odd", "point"] {
        let stack = |name: &str| each(&golden[&format!("{size}.{name}")]);
        for (name, text) in METHODS {
            let mut weak = Some(answers(stack("weak")));
            let mut denoiser = plan(text)
                .build(answers(stack("strong")), &mut Only(|| weak.take().unwrap()))
                .unwrap();
            let results = stack("x").into_iter().zip(stack(name)).zip(stack("cfg"));
            for (time, ((x, expected), plain)) in results.enumerate() {
                let found = denoiser.denoise(&x, Sigma::new(1.7).unwrap()).unwrap();
                let far = distance(&found, &expected);
                assert!(far < ROUNDING, "{size} {name}, evaluation {time}: {far:e}");
                assert!(
                    name == "cfg" || distance(&found, &plain) > 1e-3,
                    "{size} {name} is plain guidance"
                );
            }
        }
    }
}

/// What the published dialects of APG have in common with the paper's: Ho & Salimans' guidance, where nothing is projected.
#[test]
fn apg_without_projection_and_limit_is_classifier_free_guidance() {
    let golden = golden();
    let [x, strong, weak] =
        ["x", "strong", "weak"].map(|name| golden[&format!("odd.{name}")].get(0).unwrap());
    let guided = |shape: &str| {
        let (strong, weak) = (strong.clone(), weak.clone());
        let network = |answer: Tensor| FromFunction::new(move |_: &Tensor, _| Ok(answer.clone()));
        let mut denoiser = plan(&format!("cfg:4{shape}"))
            .build(network(strong), &mut Only(|| network(weak.clone())))
            .unwrap();
        denoiser.denoise(&x, Sigma::new(1.7).unwrap()).unwrap()
    };
    for dialect in ["paper", "diffusers", "sdcpp"] {
        let shaped = guided(&format!(",apg(eta=1,norm=0,momentum=0,dialect={dialect})"));
        assert!(distance(&shaped, &guided("")) < ROUNDING, "{dialect}");
    }
    // ComfyUI's weight is the paper's without the 1.
    let comfy = guided(",apg(eta=1,norm=0,momentum=0,dialect=comfy)");
    let expected = (&strong + ((&strong - &weak).unwrap() * 4.0).unwrap()).unwrap();
    assert!(distance(&comfy, &expected) < ROUNDING);
}

#[test]
fn dpm_solver_2m_with_plus_plus_is_the_published_programs() {
    let golden = golden();
    let levels: Vec<f64> = golden["plus-plus.levels"].to_vec1().unwrap();
    let levels = NoiseLevels::from_values(&levels).unwrap();
    let gaussian = |mean, deviation| Mixture::new(&[(1.0, mean, deviation)]).unwrap();
    let mut denoiser = plan("cfg:0.6,plus-plus")
        .build(gaussian(0.8, 0.3), &mut Only(|| gaussian(0.1, 1.2)))
        .unwrap();
    let mut states = Vec::new();
    let mut observer = |step: &Step<'_>| {
        states.push(step.x.clone());
        std::ops::ControlFlow::Continue(())
    };
    let mut noise = foil_diffusion::Noise::new(foil_diffusion::random::StreamKind::Foil, 0..3);
    let start = golden["plus-plus.start"].clone();
    sample(
        DpmSolverPp2m::default(),
        &mut denoiser,
        start,
        &levels,
        &mut noise,
        &mut observer,
    )
    .unwrap();
    for (found, expected) in states.iter().zip(each(&golden["plus-plus.states"])) {
        assert!(distance(found, &expected) < ROUNDING);
    }
    assert_eq!(states.len(), levels.steps());
}
