//! The layers against the published parameter counts and key listings.

use foil_models::edm2::{Config, Size};

fn parameters(config: &Config) -> usize {
    config
        .plan()
        .expect("a published configuration")
        .parameters(config)
}

/// Parameter counts of the published checkpoints: size, latents and pixels with 1000 classes, latents without.
const PUBLISHED: [(Size, usize, usize, Option<usize>); 7] = [
    (Size::Xxs, 31_309_029, 31_307_877, Some(31_053_029)),
    (Size::Xs, 124_713_253, 124_710_949, Some(124_201_253)),
    (Size::S, 280_212_837, 280_209_381, Some(279_444_837)),
    (Size::M, 497_807_781, 497_803_173, Some(496_783_781)),
    (Size::L, 777_498_085, 777_492_325, None),
    (Size::Xl, 1_119_283_749, 1_119_276_837, None),
    (Size::Xxl, 1_523_164_773, 1_523_156_709, None),
];

#[test]
fn every_published_size_has_its_published_number_of_parameters() {
    for (size, latents, pixels, unconditional) in PUBLISHED {
        assert_eq!(
            parameters(&Config::latents(size, 1000)),
            latents,
            "{size:?}"
        );
        assert_eq!(parameters(&Config::pixels(size, 1000)), pixels, "{size:?}");
        if let Some(count) = unconditional {
            assert_eq!(parameters(&Config::latents(size, 0)), count, "{size:?}");
        }
    }
}

#[test]
fn a_blocks_arithmetic_is_what_counting_by_hand_gives() {
    let config = Config::latents(Size::S, 1000);
    let plan = config.plan().unwrap();
    let named = |name: &str| plan.blocks().find(|block| block.name == name).unwrap();
    // dec.8x8_block3: 768 + 576 channels to 768 on 64 pixels, with attention.
    let convolutions = 64 * (9 * 1344 * 768 + 9 * 768 * 768 + 1344 * 768);
    let attention = 64 * (768 * 2304 + 768 * 768) + 64 * 64 * 768 + 64 * 64 * 768;
    let embedding = 768 * 768;
    let block = named("dec.8x8_block3");
    assert_eq!(
        block.multiply_adds(768),
        convolutions + attention + embedding
    );
    // enc.32x32_block0: a change of width before the 3×3 convolutions.
    let convolutions = 1024 * (192 * 384 + 2 * 9 * 384 * 384);
    let block = named("enc.32x32_block0");
    assert_eq!(block.multiply_adds(768), convolutions + 768 * 384);
}

#[test]
fn the_networks_arithmetic_is_as_published() {
    // Gigaflops as the paper lists them (EDM2, Table 2), which counts a multiply-add as one. It lists 1 to 2 % more, presumably
    // elementwise work.
    for (size, published) in [
        (Size::Xs, 46),
        (Size::S, 102),
        (Size::M, 181),
        (Size::L, 282),
        (Size::Xl, 406),
        (Size::Xxl, 552),
    ] {
        let config = Config::latents(size, 1000);
        let counted = config.plan().unwrap().multiply_adds(&config) as f64 / 1e9;
        let share = counted / f64::from(published);
        assert!(
            (0.97..1.005).contains(&share),
            "{size:?}: {counted} of {published}"
        );
    }
}

#[test]
fn impossible_configurations_are_refused() {
    let refused = |change: fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        config.plan().expect_err("impossible").to_string()
    };
    assert!(refused(|config| config.resolution = 60).contains("60"));
    assert!(refused(|config| config.model_channels = 0).contains("model-channels"));
    assert!(refused(|config| config.head_channels = 80).contains("80"));
    assert!(refused(|config| config.channel_multipliers.clear()).contains("multipliers"));
    assert!(refused(|config| config.residual_balance = f64::NAN).contains("balance"));
    assert!(refused(|config| config.sigma_data = 0.0).contains("sigma-data"));
}
