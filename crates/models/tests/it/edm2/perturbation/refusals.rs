//! What means nothing is refused in one line, and blocks by their names.

use candle_core::DType;
use foil_diffusion::{Model, Sigma};
use foil_models::edm2::{Blocks, Labels, Perturbation, Perturbed};

use super::{images, network, some};

#[test]
fn what_means_nothing_is_refused() {
    let model = network("guide", DType::F32);
    for (perturbation, expected) in [
        (
            Perturbation::Dropout { probability: 1.0 },
            "perturbation: a probability of dropout must be in [0, 1), got 1",
        ),
        (
            Perturbation::Dropout {
                probability: f64::NAN,
            },
            "perturbation: a probability of dropout must be in [0, 1), got NaN",
        ),
        (
            Perturbation::BlurredQueries {
                sigma: -1.0,
                blocks: Blocks::All,
            },
            "perturbation: the blur of queries must be 0 pixels or more, got -1",
        ),
        (
            Perturbation::NoiseLevel {
                scale: f64::INFINITY,
                power: 0.0,
            },
            "perturbation: the scale of a noise level's error must be 0 or more, got inf",
        ),
        (
            Perturbation::NoiseLevel {
                scale: 0.1,
                power: f64::NAN,
            },
            "perturbation: the power of a noise level's error must be finite, got NaN",
        ),
        (
            Perturbation::InputNoise { raise: -0.1 },
            "perturbation: the raise of the input's noise level must be 0 or more, got -0.1",
        ),
        (
            Perturbation::IdentityAttention(some(&[0])),
            "perturbation: block 0, enc.16x16_block0, has no attention; allowed are 2 (enc.8x8_block0), 3 (dec.8x8_in0), \
             5 (dec.8x8_block0), 6 (dec.8x8_block1)",
        ),
    ] {
        let refused = Perturbed::new(&model, &perturbation, &[]).unwrap_err();
        assert_eq!(refused.to_string(), expected);
        let refused = perturbation.check(model.network.config()).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    let refused = Perturbed::new(&model, &Perturbation::SkippedBlocks(some(&[10])), &[]);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.starts_with(
        "perturbation: block 10 does not exist; allowed are 0 (enc.16x16_block0), 1 (enc.8x8_down)"
    ));
}

#[test]
fn random_perturbations_need_a_seed_for_each_image_and_others_none() {
    let model = network("guide", DType::F32);
    let evaluate = |perturbation, seeds: &[u64]| {
        let perturbed = Perturbed::new(&model, &perturbation, seeds).unwrap();
        perturbed.denoise_at(&images(), Sigma::new(1.0).unwrap(), &Labels::none())
    };
    let refused = evaluate(Perturbation::InputNoise { raise: 0.1 }, &[1, 2]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "2 seeds for 3 images; each needs its own"
    );
    evaluate(Perturbation::IdentityAttention(Blocks::All), &[]).unwrap();
    evaluate(Perturbation::InputNoise { raise: 0.0 }, &[]).unwrap();
}

#[test]
fn blocks_have_names_and_numbers() {
    let model = network("guide", DType::F32);
    let config = model.network.config();
    let found = Blocks::named(config, &["dec.8x8_in0", "0", "enc.8x8_down"]).unwrap();
    assert_eq!(found, some(&[3, 0, 1]));
    for wrong in ["dec.8x8_in2", "-1", "10"] {
        let refused = Blocks::named(config, &[wrong]).unwrap_err().to_string();
        assert!(
            refused.contains(wrong) && refused.contains("9 (dec.16x16_block1)"),
            "{refused}"
        );
    }
}
