//! Reference statistics in every form that numpy writes arrays in.

use foil_models::checkpoint::{Contents, Statistics};

use super::fixture;

fn statistics(name: &str) -> Statistics {
    match Contents::open(fixture("checkpoints").join(name)).unwrap() {
        Contents::Statistics(statistics) => statistics,
        other => panic!("{name} holds {other:?}"),
    }
}

const MEAN: [f64; 3] = [1.0, -2.0, 3.0];
const COVARIANCE: [f64; 9] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

#[test]
fn published_statistics_are_read() {
    let statistics = statistics("statistics.pkl");
    assert_eq!(statistics.images, 50_000);
    let numbers = |name: &str| {
        let moments = &statistics.metrics[name];
        let (mean, covariance) = (&moments.mean, &moments.covariance);
        (
            mean.double_numbers().unwrap(),
            covariance.double_numbers().unwrap(),
        )
    };
    assert_eq!(numbers("fid"), (MEAN.to_vec(), COVARIANCE.to_vec()));
    assert_eq!(
        numbers("fd_dinov2"),
        (MEAN[..2].to_vec(), vec![0.0, 1.0, 3.0, 4.0])
    );
}

#[test]
fn order_and_byte_order_are_honoured_in_every_protocol() {
    for protocol in [2, 3, 5] {
        let statistics = statistics(&format!("statistics-odd-{protocol}.pkl"));
        assert_eq!(statistics.images, 10);
        let moments = &statistics.metrics["fid"];
        assert_eq!(moments.mean.double_numbers().unwrap(), MEAN, "{protocol}");
        assert_eq!(
            moments.covariance.double_numbers().unwrap(),
            COVARIANCE,
            "{protocol}"
        );
    }
}
