//! Events beside those that TensorBoard's own package writes.

use foil_training::{Band, Status, tensorboard};

const GOLDEN: &[u8] = include_bytes!("../golden/events.tfevents");
const BEGAN: f64 = 1_700_000_000.25;

fn status(images: u64, loss: f64, elapsed_seconds: f64) -> Status {
    Status {
        images,
        steps: 1,
        loss,
        bands: Vec::new(),
        accuracy: None,
        learning_rate: 0.01,
        gradient_norm: 895.25,
        zeroed: 0,
        images_per_second: 202.5,
        elapsed_seconds,
    }
}

#[test]
fn statuses_are_written_as_by_tensorboard() {
    let band = |from: f64, loss: Option<f64>| Band {
        from,
        images: 7,
        loss,
    };
    let first = Status {
        bands: vec![band(0.0, Some(0.75)), band(0.1, None), band(0.3, Some(0.1))],
        ..status(4096, 0.5, 20.5)
    };
    let second = Status {
        accuracy: Some(0.875),
        learning_rate: 1e-4,
        gradient_norm: 1e30,
        zeroed: 3,
        images_per_second: 0.5,
        ..status(5_000_000_000, -0.25, 1e6)
    };
    let mut bytes = tensorboard::beginning(BEGAN);
    for status in [first, second] {
        bytes.extend(tensorboard::record(&status, BEGAN));
    }
    assert!(bytes == GOLDEN, "{bytes:?}\n{GOLDEN:?}");
}
