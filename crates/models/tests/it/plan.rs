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
