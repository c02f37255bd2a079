//! Laws of composed guidance, run over the table of all methods.

use candle_core::{DType, Tensor};
use foil_diffusion::{
    Denoiser, FromFunction, Sigma,
    guidance::{Gate, Guided, Interval, Weight},
    sampler::{Churn, SamplerChoice},
};

use super::table::{
    FINISHES, GUIDES, Mirror, Only, SCHEDULES, SHAPES, Worlds, guided, is_additive, plan, plans,
};
use crate::worlds::{broad, distance, levels, noisy, run, strong, values, weak};

/// Rounding of a trajectory in f64.
const ROUNDING: f64 = 1e-11;

/// Samplers of one and of two evaluations a step, as far as a plan can be used with them.
fn samplers(text: &str) -> Vec<SamplerChoice> {
    if text.contains("plus-plus") {
        vec![
            SamplerChoice::Euler,
            SamplerChoice::DpmSolverPp2m,
            SamplerChoice::EulerAncestral(1.0),
        ]
    } else {
        vec![
            SamplerChoice::Euler,
            SamplerChoice::Heun(Churn::NONE),
            SamplerChoice::DpmSolverPp2mSde(1.0),
        ]
    }
}

fn walk(text: &str, choice: SamplerChoice, x: &Tensor, first_seed: u64) -> Tensor {
    let seeds = first_seed..first_seed + x.dim(0).unwrap() as u64;
    run(
        choice,
        &mut guided(text, seeds),
        x.clone(),
        &levels(),
        first_seed,
    )
}

#[test]
fn a_neutral_weight_is_the_strong_model_bit_for_bit_and_runs_no_weak_one() {
    let x = noisy(3, &levels());
    let neutral = |guide: &str| i32::from(!is_additive(guide));
    let guides = GUIDES
        .iter()
        .map(|guide| format!("{guide}:{}", neutral(guide)));
    let schedules = SCHEDULES.iter().map(|schedule| format!("cfg:1{schedule}"));
    // For CFG++ no weight is neutral, but an interval is.
    let shapes = SHAPES.iter().map(|shape| match *shape {
        "plus-plus" => "cfg:0.5@1e6..inf,plus-plus".to_owned(),
        shape => format!("cfg:1,{shape}"),
    });
    let others = [
        "none".to_owned(),
        "cfg:1,rescale".to_owned(),
        "cfg:3@100..inf+auto:1".to_owned(),
    ];
    for text in guides.chain(schedules).chain(shapes).chain(others) {
        for choice in samplers(&text) {
            let alone = run(choice, &mut strong(), x.clone(), &levels(), 7);
            let mut denoiser = guided(&text, 7..10);
            let found = run(choice, &mut denoiser, x.clone(), &levels(), 7);
            assert_eq!(values(&found), values(&alone), "{text}, {choice:?}");
            assert_eq!(denoiser.evaluations().weak, 0, "{text}");
        }
    }
}

#[test]
fn every_method_changes_something() {
    let x = noisy(3, &levels());
    for text in plans() {
        let choice = samplers(&text)[0];
        let found = walk(&text, choice, &x, 7);
        // Beside the strong model, and beside the plan without what follows its last comma.
        let shorter = text
            .rsplit_once(',')
            .filter(|(_, tail)| !tail.contains(')') || tail.contains('('));
        let base = match shorter {
            // A difference that is kept or dropped is seen only where it would have changed.
            Some((start, _)) if !start.contains('(') => walk(start, choice, &x, 7),
            _ => run(choice, &mut strong(), x.clone(), &levels(), 7),
        };
        assert!(distance(&found, &base) > 1e-6, "{text}");
    }
}

#[test]
fn guiding_a_model_by_itself_changes_nothing() {
    let x = noisy(2, &levels());
    let shapes = SHAPES
        .iter()
        .filter(|shape| **shape != "zero-star(zero=0.3)");
    let texts = shapes.map(|shape| match *shape {
        "plus-plus" => "cfg:0.7,plus-plus".to_owned(),
        shape => format!("cfg:3.7,{shape}"),
    });
    let same_network = [
        "auto:3",
        "icg:3",
        "skip(blocks=a):2,rescale(0.9)",
        "self(shift=0):4",
    ];
    for text in texts.chain(same_network.map(str::to_owned)) {
        for choice in samplers(&text) {
            let alone = run(choice, &mut strong(), x.clone(), &levels(), 1);
            let mut denoiser = plan(&text).build(strong(), &mut Mirror).unwrap();
            let found = run(choice, &mut denoiser, x.clone(), &levels(), 1);
            if text.contains("plus-plus") || text.starts_with("self") {
                // Another order of the same sums; tan(atan σ).
                assert!(distance(&found, &alone) < ROUNDING, "{text}, {choice:?}");
            } else {
                assert_eq!(values(&found), values(&alone), "{text}, {choice:?}");
            }
        }
    }
}

#[test]
fn a_batch_is_its_images_one_by_one_bit_for_bit() {
    let x = noisy(4, &levels());
    for text in plans() {
        for choice in samplers(&text) {
            let together = walk(&text, choice, &x, 40);
            for image in 0..4 {
                let alone = walk(
                    &text,
                    choice,
                    &x.narrow(0, image, 1).unwrap(),
                    40 + image as u64,
                );
                let among = together.narrow(0, image, 1).unwrap();
                assert_eq!(
                    values(&among),
                    values(&alone),
                    "{text}, {choice:?}, image {image}"
                );
            }
        }
    }
}

#[test]
fn single_precision_follows_double_precision() {
    let x = noisy(3, &levels());
    let single = x.to_dtype(DType::F32).unwrap();
    for text in plans() {
        let choice = samplers(&text)[0];
        let found = walk(&text, choice, &single, 5);
        assert_eq!(found.dtype(), DType::F32);
        let far = distance(&found, &walk(&text, choice, &x, 5));
        assert!(far < 2e-3, "{text}: {far:e}");
    }
}

#[test]
fn a_denoiser_may_walk_a_second_trajectory() {
    let x = noisy(3, &levels());
    for text in plans()
        .into_iter()
        .filter(|text| !text.starts_with("noise"))
    {
        let choice = samplers(&text)[0];
        let mut denoiser = guided(&text, 7..10);
        let first = run(choice, &mut denoiser, x.clone(), &levels(), 7);
        let second = run(choice, &mut denoiser, x.clone(), &levels(), 7);
        assert_eq!(values(&first), values(&second), "{text}");
    }
}

#[test]
fn one_term_is_the_guided_pair_bit_for_bit() {
    let inside = || Interval::new(0.2, 5.0, Gate::Step).unwrap();
    for dtype in [DType::F32, DType::F64] {
        let x = noisy(3, &levels()).to_dtype(dtype).unwrap();
        for choice in samplers("") {
            let weight = Weight::constant(2.1).unwrap().within(inside());
            let pair = run(
                choice,
                &mut Guided::new(strong(), weak(), weight),
                x.clone(),
                &levels(),
                7,
            );
            assert_eq!(
                values(&walk("auto:2.1@0.2..5", choice, &x, 7)),
                values(&pair),
                "{choice:?}"
            );
        }
    }
}

#[test]
fn two_terms_are_the_papers_three_network_formula() {
    let (x, sigma) = (noisy(4, &levels()), Sigma::new(1.4).unwrap());
    let found = guided("cfg:1.7+auto:2.3", 0..4).denoise(&x, sigma).unwrap();
    let [main, unconditional, guide] =
        [strong(), broad(), weak()].map(|mut mixture| values(&mixture.denoise(&x, sigma).unwrap()));
    for (index, found) in values(&found).into_iter().enumerate() {
        let by_unconditional = 0.7 * (main[index] - unconditional[index]);
        let expected = main[index] + by_unconditional + 1.3 * (main[index] - guide[index]);
        assert!((found - expected).abs() < ROUNDING);
    }
}

#[test]
fn an_interval_of_a_term_gates_it_as_it_gates_a_pair() {
    let x = noisy(2, &levels());
    for (text, gate) in [("", Gate::Step), ("/evaluation", Gate::Evaluation)] {
        for guide in ["auto", "self", "window(size=2,stride=1)"] {
            let mut one = plan(&format!("{guide}:2@0.2..5{text}"))
                .build(strong(), &mut Worlds { seeds: 0..2 })
                .unwrap();
            let weight = Weight::constant(2.0)
                .unwrap()
                .within(Interval::new(0.2, 5.0, gate).unwrap());
            let mut pair = Guided::new(strong(), weak(), weight);
            let heun = SamplerChoice::Heun(Churn::NONE);
            run(heun, &mut one, x.clone(), &levels(), 0);
            run(heun, &mut pair, x.clone(), &levels(), 0);
            let windows = if guide.starts_with("window") { 2 } else { 1 };
            assert!(pair.evaluations().weak > 0 && pair.evaluations().weak < 17);
            assert_eq!(
                one.evaluations().weak,
                windows * pair.evaluations().weak,
                "{guide}{text}"
            );
        }
    }
}

/// Tensors whose numbers lie in another order take the path of tensor operations.
#[test]
fn estimates_may_lie_in_memory_in_any_order() {
    let x = noisy(3, &levels());
    let turned = |estimate: Tensor| {
        let turned = estimate.transpose(1, 2)?.contiguous()?.transpose(1, 2)?;
        assert!(!turned.is_contiguous());
        Ok(turned)
    };
    for text in [
        "cfg:2.5",
        "cfg:2.5,apg",
        "cfg:2.5,tcfg",
        "cfg:2.5,zero-star(0)",
        "cfg:2.5,mambo,rescale",
        "cfg:0.5,fdg",
    ] {
        let mut weak_turned =
            || FromFunction::new(move |x: &Tensor, sigma| turned(broad().denoise(x, sigma)?));
        let strong_turned =
            FromFunction::new(move |x: &Tensor, sigma| turned(strong().denoise(x, sigma)?));
        let mut denoiser = plan(text)
            .build(strong_turned, &mut Only(&mut weak_turned))
            .unwrap();
        let found = run(SamplerChoice::Euler, &mut denoiser, x.clone(), &levels(), 7);
        let expected = walk(text, SamplerChoice::Euler, &x, 7);
        assert!(distance(&found, &expected) < 1e-9, "{text}");
    }
}

#[test]
fn estimates_of_another_shape_are_refused() {
    let wrong = || FromFunction::new(|x: &Tensor, _| Ok(x.narrow(1, 0, 1)?.contiguous()?));
    let (x, sigma) = (noisy(2, &levels()), Sigma::new(1.0).unwrap());
    for text in ["cfg:2", "cfg:2+auto:2", "cfg:2,apg", "cfg:2,refresh"] {
        let mut denoiser = plan(text).build(strong(), &mut Only(wrong)).unwrap();
        assert!(denoiser.denoise(&x, sigma).is_err(), "{text}");
    }
    assert!(
        Guided::new(strong(), wrong(), Weight::constant(2.0).unwrap())
            .denoise(&x, sigma)
            .is_err()
    );
    assert!(
        FINISHES
            .iter()
            .all(|finish| plan(&format!("none,{finish}")).terms().is_empty())
    );
}
