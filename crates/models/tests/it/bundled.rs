//! The networks that are part of the program are all there, and are what they are called.

use candle_core::DType;
use foil_models::{
    Encoder,
    bundled::{self, Part},
    checkpoint::{Contents, Role, Snapshot},
    edm2::Plan,
};

fn open(name: &str) -> Snapshot {
    let file = bundled::file(name).unwrap_or_else(|| panic!("no {name}"));
    match Contents::of(&file).unwrap() {
        Contents::Edm2(snapshot) | Contents::Classifier(snapshot) => *snapshot,
        other => panic!("{name} holds {other:?}"),
    }
}

#[test]
fn every_part_of_every_bundle_is_what_its_name_says() {
    for bundle in bundled::ALL {
        for part in Part::ALL {
            let name = bundle.network(part);
            let snapshot = open(&name);
            let (role, labels) = match part {
                Part::Main | Part::Guide => (Role::Denoiser, 10),
                Part::Unconditional => (Role::Denoiser, 0),
                Part::NoisyClassifier => (Role::NoisyClassifier, 10),
                Part::CleanClassifier => (Role::CleanClassifier, 10),
            };
            assert_eq!(snapshot.role, role, "{name}");
            assert_eq!(snapshot.config.labels, labels, "{name}");
            assert_eq!(snapshot.config.resolution, 32, "{name}");
            assert_eq!(snapshot.config.channels, 1, "{name}");
            assert_eq!(snapshot.encoder, Encoder::Rgb, "{name}");
            let from = snapshot.provenance;
            assert!(from.images_seen.unwrap() >= 49_152, "{name}");
            assert!(from.ema_std.is_some(), "{name}");
            for (tensor, stored) in snapshot.weights.iter() {
                let dtype = if Plan::is_fixed(tensor) {
                    DType::F32
                } else {
                    DType::BF16
                };
                assert_eq!(stored.dtype(), dtype, "{name}: {tensor}");
                let numbers = stored.numbers().unwrap();
                assert!(numbers.iter().all(|number| number.is_finite()), "{name}");
            }
        }
    }
}

#[test]
fn a_guide_is_smaller_and_has_learnt_from_fewer_images() {
    for bundle in bundled::ALL {
        let [main, guide] = [Part::Main, Part::Guide].map(|part| open(&bundle.network(part)));
        let numbers = |snapshot: &Snapshot| -> usize {
            snapshot
                .weights
                .iter()
                .map(|(_, tensor)| tensor.count())
                .sum()
        };
        assert!(3 * numbers(&guide) < numbers(&main), "{}", bundle.name);
        let images = |snapshot: &Snapshot| snapshot.provenance.images_seen.unwrap();
        assert!(5 * images(&guide) < images(&main), "{}", bundle.name);
    }
}

#[test]
fn classes_have_names_and_networks_are_found_by_theirs() {
    let fashion = bundled::find("fashion").unwrap();
    assert_eq!(fashion, bundled::DEFAULT);
    assert_eq!(bundled::find("fashion-main"), Some(fashion));
    assert_eq!(fashion.class("Ankle_Boot"), Some(9));
    assert_eq!(fashion.class("t-shirt/top"), Some(0));
    assert_eq!(fashion.class("boot"), None);
    for unknown in ["", "fashion-", "fashion-guide", "letters"] {
        assert_eq!(bundled::find(unknown), None, "{unknown}");
    }
    assert!(bundled::file("fashion").is_none());
    assert!(bundled::file("fashion-statistics").is_none());
}

#[test]
fn all_bundles_together_stay_small() {
    let names = bundled::ALL.iter().flat_map(|bundle| {
        let networks = Part::ALL.map(|part| bundle.network(part));
        let statistics = ["train", "test"].map(|part| bundle.statistics(part));
        networks.into_iter().chain(statistics)
    });
    let bytes: u64 = names
        .map(|name| bundled::file(&name).unwrap().length())
        .sum();
    assert!(bytes <= 8_000_000, "{bytes} bytes");
}
