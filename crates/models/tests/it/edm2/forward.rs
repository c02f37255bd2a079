//! One evaluation: σ = 0.05, 1 and 40, with and without labels.

use candle_core::{DType, Tensor};
use foil_diffusion::Model;
use foil_models::edm2::{Edm2, Labels};

use super::{error, expected, labels, network, relative};

/// Sums in another order; the reference program rounds in single precision too. The worst seen is 1.1e-6.
const SINGLE: f64 = 2e-4;
/// Activations and weights of eight bits through some twenty layers. The worst seen is 1.03e-2.
const HALF: f64 = 0.02;

const NAMES: [&str; 3] = ["main", "guide", "uncond"];

fn evaluate(model: &Edm2, labels: &Labels) -> Tensor {
    let expected = expected();
    let (x, sigma) = (&expected["forward.x"], &expected["forward.sigma"]);
    model.denoise_batch(x, sigma, labels).unwrap()
}

#[test]
fn evaluations_are_those_of_the_reference_program() {
    let expected = expected();
    let with = labels(&expected["forward.labels"]);
    for name in NAMES {
        let model = network(name, DType::F32);
        for (labels, part) in [(&with, "denoised"), (&Labels::none(), "denoised_nolabel")] {
            let error = error(
                &evaluate(&model, labels),
                &expected[&format!("forward.{name}.{part}")],
            );
            assert!(error < SINGLE, "{name} {part}: {error}");
        }
    }
}

#[test]
fn labels_change_what_conditional_networks_see_and_nothing_else() {
    let with = labels(&expected()["forward.labels"]);
    for (name, conditional) in [("main", true), ("guide", true), ("uncond", false)] {
        let model = network(name, DType::F32);
        let change = error(&evaluate(&model, &with), &evaluate(&model, &Labels::none()));
        assert_eq!(change > 1e-3, conditional, "{name}: {change}");
    }
}

#[test]
fn the_uncertainty_is_that_of_the_reference_program() {
    let expected = expected();
    for name in NAMES {
        let model = network(name, DType::F32);
        let found = model
            .network
            .log_variance(&expected["forward.sigma"])
            .unwrap();
        let error = error(
            &found.expect("has a head"),
            &expected[&format!("forward.{name}.logvar")],
        );
        assert!(error < SINGLE, "{name}: {error}");
    }
}

#[test]
fn half_precision_is_near_single() {
    let expected = expected();
    let with = labels(&expected["forward.labels"]);
    for name in NAMES {
        let [single, half] =
            [DType::F32, DType::BF16].map(|dtype| evaluate(&network(name, dtype), &with));
        // Each noise level by itself: at high ones the network is all there is, at low ones little of it.
        for (index, sigma) in [0.05, 1.0, 40.0].into_iter().enumerate() {
            let one = |all: &Tensor| all.narrow(0, index, 1).unwrap();
            let error = relative(&one(&half), &one(&single));
            assert!(error < HALF, "{name} σ = {sigma}: {error}");
            assert!(error > 0.0, "{name}: half precision has changed nothing");
        }
    }
}
