//! Training runs: what they learn, that resuming changes nothing, and what is refused.

use std::{ops::ControlFlow, path::Path};

use foil_diffusion::Sigma;
use foil_toy::{
    distribution::{Class, Distribution},
    network::Architecture,
    training::{Config, Run, RunError, SavedModel, SnapshotError, Training},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

fn config(class: Class, width: usize) -> Config {
    Config {
        class,
        architecture: Architecture { layers: 2, width },
        seed: 3,
    }
}

fn run(folder: &Path, iterations: u32) -> Run {
    Run {
        config: config(Class::A, 9),
        iterations,
        folder: folder.to_owned(),
    }
}

fn keep_going(_: &foil_toy::training::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn parameters_are_as_many_as_the_paper_has() {
    assert_eq!(
        Architecture {
            layers: 4,
            width: 64
        }
        .parameters(),
        16_641
    );
    assert_eq!(
        Architecture {
            layers: 4,
            width: 32
        }
        .parameters(),
        4_225
    );
}

#[test]
fn a_trained_network_knows_the_score_better_than_a_fresh_one() {
    let mut training = Training::new(Config {
        class: Class::A,
        architecture: Architecture {
            layers: 3,
            width: 24,
        },
        seed: 0,
    });
    let first = training.step();
    let mut last = 0.0;
    for _ in 0..300 {
        last = 0.95 * last + 0.05 * training.step();
    }
    // The first loss is that of the best Gaussian, and does not depend on the weights: the gain is zero.
    assert!(
        (first - 0.25).abs() < 0.02 && last < 0.4 * first,
        "{first} and {last}"
    );
    assert!(
        training.gain() < 0.0,
        "densities must fall away from the data"
    );

    let sigma = Sigma::new(0.3).unwrap();
    let distribution = Distribution::new(Class::A);
    let points = distribution.at(sigma).samples(2000, 77);
    let (_, expected) = distribution.at(sigma).evaluate(&points);
    let (_, found) = training.model().evaluate(&points, sigma);
    let square = |rest: [f32; 2]| f64::from(rest[0] * rest[0] + rest[1] * rest[1]);
    let error: f64 = found
        .iter()
        .zip(&expected)
        .map(|(a, b)| square([a[0] - b[0], a[1] - b[1]]))
        .sum();
    let size: f64 = expected.iter().map(|score| square(*score)).sum();
    assert!(error < 0.1 * size, "{error} of {size}");
}

#[test]
fn an_interrupted_run_continues_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    run(&whole, 300).train(keep_going).unwrap();
    for stop in [70, 256, 299] {
        let interrupted = run(&parts, 300).train(|progress| {
            if progress.iteration == stop {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert!(matches!(interrupted, Err(RunError::Interrupted(at)) if at == stop));
    }
    let mut steps = 0;
    run(&parts, 300)
        .train(|_| {
            steps += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(steps, 1, "only what is missing is trained");
    let weights = |folder: &Path, name: &str| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        SafeTensors::deserialize(&bytes)
            .unwrap()
            .tensor("layers.1.weight")
            .unwrap()
            .data()
            .to_vec()
    };
    for name in ["iter0256.safetensors", "iter0300.safetensors"] {
        assert_eq!(weights(&whole, name), weights(&parts, name), "{name}");
    }
    assert_ne!(
        weights(&whole, "iter0256.safetensors"),
        weights(&whole, "iter0300.safetensors")
    );
}

#[test]
fn a_finished_run_is_found_finished_and_a_longer_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 20).train(keep_going).unwrap();
    let mut steps = 0;
    let mut count = |iterations| {
        let trained = run(folder.path(), iterations).train(|_| {
            steps += 1;
            ControlFlow::Continue(())
        });
        (
            trained.map(|trained| trained.saved.iterations),
            std::mem::take(&mut steps),
        )
    };
    assert!(matches!(count(20), (Ok(20), 0)));
    assert!(matches!(count(30), (Ok(30), 10)));
    assert!(
        matches!(count(20), (Ok(20), 0)),
        "an earlier snapshot is still there"
    );
    assert!(
        matches!(count(25).0, Err(RunError::Snapshot(_))),
        "but none was kept at 25"
    );
}

#[test]
fn the_folder_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), 5).train(keep_going).unwrap();
    let other = Run {
        config: config(Class::B, 9),
        iterations: 5,
        folder: folder.path().to_owned(),
    };
    let message = other.train(keep_going).unwrap_err().to_string();
    assert!(
        message.contains("class A") && message.contains("class B"),
        "{message}"
    );
}

/// Tensors of a file: name, shape, bytes.
type Tensors = Vec<(String, Vec<usize>, Vec<u8>)>;

/// What a reader should complain about, and the damage.
type Damage = (&'static str, fn(&mut Tensors));

/// Rewrites a snapshot with one thing changed.
fn changed(path: &Path, change: impl Fn(&mut Tensors)) {
    let bytes = std::fs::read(path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Tensors = file
        .tensors()
        .into_iter()
        .map(|(name, tensor)| (name, tensor.shape().to_vec(), tensor.data().to_vec()))
        .collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, shape, data)| {
        (
            name,
            TensorView::new(Dtype::F32, shape.clone(), data).unwrap(),
        )
    });
    let rewritten = safetensors::serialize(views, header.metadata().clone()).unwrap();
    std::fs::write(path, rewritten).unwrap();
}

#[test]
fn damaged_and_foreign_files_are_refused_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let training = Training::new(config(Class::A, 9));
    let refused = |expected: &str| {
        let error = SavedModel::load(&path).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(expected) && message.contains("model.safetensors"),
            "{message}"
        );
    };
    refused("cannot read");
    for bytes in [
        &b""[..],
        b"not a model",
        &[0xff; 100],
        &[8, 0, 0, 0, 0, 0, 0, 0, b'{', b'}'],
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(
            SavedModel::load(&path),
            Err(SnapshotError::Foreign { .. })
        ));
    }
    training.save_state(&path).unwrap();
    refused("toy-training-state");
    let damage: [Damage; 4] = [
        ("no tensor gain", |tensors| {
            tensors.retain(|(name, ..)| name != "gain");
        }),
        ("unknown tensors: extra", |tensors| {
            tensors.push(("extra".into(), vec![1], vec![0; 4]));
        }),
        ("not finite", |tensors| {
            tensors[0].2[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("expected F32", |tensors| {
            let layer = tensors
                .iter_mut()
                .find(|(name, ..)| name == "layers.1.weight")
                .unwrap();
            layer.1 = vec![81];
        }),
    ];
    for (expected, change) in damage {
        training.save_model(&path).unwrap();
        SavedModel::load(&path).unwrap();
        changed(&path, change);
        refused(expected);
    }
}

#[test]
fn a_saved_network_is_the_network_that_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/model.safetensors");
    let mut training = Training::new(config(Class::AB, 17));
    for _ in 0..3 {
        training.step();
    }
    training.save_model(&path).unwrap();
    let saved = SavedModel::load(&path).unwrap();
    assert_eq!((saved.config, saved.iterations), (training.config(), 3));
    let points = [[0.1, 0.2], [-1.0, 0.4], [3.0, 3.0]];
    let sigma = Sigma::new(0.2).unwrap();
    assert_eq!(
        saved.model.evaluate(&points, sigma),
        training.model().evaluate(&points, sigma)
    );
}
