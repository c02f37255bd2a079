//! The statistics that are part of the program are of the data and the networks that are.

use foil_evaluation::Reference;
use foil_models::bundled::{self, Part};

fn open(name: &str) -> Reference {
    Reference::of(&bundled::file(name).unwrap()).unwrap()
}

/// Both parts come from one distribution: means differ by what chance allows, a few per cent of the spread.
#[test]
fn every_bundle_has_statistics_of_both_parts_of_its_data() {
    for bundle in bundled::ALL {
        let [train, test] = ["train", "test"].map(|part| open(&bundle.statistics(part)));
        assert_eq!(train.statistics.images, Some(60_000));
        assert_eq!(test.statistics.images, Some(10_000));
        assert_ne!(train.data.fingerprint, test.data.fingerprint);
        for reference in [&train, &test] {
            assert_eq!(
                reference.network.name,
                bundle.network(Part::CleanClassifier)
            );
            assert_eq!(reference.network, train.network);
            assert_eq!(reference.statistics.mean.len(), 64);
        }
        let (train, test) = (train.statistics, test.statistics);
        let spread: f64 = (0..64).map(|feature| train.covariance[65 * feature]).sum();
        let pairs = train.mean.iter().zip(&test.mean);
        let distance: f64 = pairs.map(|(one, other)| (one - other).powi(2)).sum();
        assert!(spread > 1e-3, "{}: {spread}", bundle.name);
        assert!(
            distance < 0.01 * spread,
            "{}: {distance} of {spread}",
            bundle.name
        );
    }
}
