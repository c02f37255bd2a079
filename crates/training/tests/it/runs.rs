//! Runs: interrupted, killed, continued, refused.

use std::path::Path;

use foil_models::checkpoint::Contents;
use foil_training::{
    Error, Folder, Precision, Run, Status,
    ema::{PowerFunction, Snapshot, post_hoc},
};

use crate::world::{self, Watcher, train};

/// Files of a run that must be the same however it was interrupted.
fn results(out: &Path) -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<_> = std::fs::read_dir(out.join("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

/// What was said, without the time it took.
fn said(out: &Path) -> Vec<Status> {
    let text = std::fs::read_to_string(out.join("stats.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut status: Status = serde_json::from_str(line).unwrap();
        (status.images_per_second, status.elapsed_seconds) = (0.0, 0.0);
        status
    });
    lines.collect()
}

#[test]
fn a_run_interrupted_at_any_step_continues_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world::write_data(data);
    for precision in [Precision::F32, Precision::Bf16] {
        let mut settings = world::settings();
        settings.training.precision = precision;
        let whole = data.join(format!("whole-{precision:?}"));
        let mut watcher = Watcher::default();
        train(data, &whole, &settings, &mut watcher).unwrap();
        assert_eq!(watcher.pictures, [60, 120]);
        assert_eq!(results(&whole).len(), 12);
        for stop in [10, 30, 50, 70, 110] {
            let out = data.join(format!("stopped-{precision:?}-{stop}"));
            let mut watcher = Watcher {
                stop: Some(stop),
                ..Watcher::default()
            };
            let stopped = train(data, &out, &settings, &mut watcher);
            assert!(matches!(stopped, Err(Error::Interrupted(images)) if images == stop));
            train(data, &out, &settings, &mut Watcher::default()).unwrap();
            assert!(results(&out) == results(&whole), "stopped after {stop}");
            assert_eq!(said(&out), said(&whole), "stopped after {stop}");
        }
    }
}

#[test]
fn a_killed_run_goes_back_to_its_last_state_and_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world::write_data(data);
    let settings = world::settings();
    let (whole, out) = (data.join("whole"), data.join("killed"));
    train(data, &whole, &settings, &mut Watcher::default()).unwrap();
    // The state after 80 images, with the snapshots and the lines of a run that went on to 100 and was killed there.
    let mut shorter = settings.clone();
    shorter.training.images = 80;
    train(data, &out, &shorter, &mut Watcher::default()).unwrap();
    let state = std::fs::read(out.join("state.safetensors")).unwrap();
    let mut watcher = Watcher {
        stop: Some(100),
        ..Watcher::default()
    };
    assert!(train(data, &out, &settings, &mut watcher).is_err());
    std::fs::write(out.join("state.safetensors"), state).unwrap();
    train(data, &out, &settings, &mut Watcher::default()).unwrap();
    assert!(results(&out) == results(&whole));
    // The shorter run ended after 80 images with a line that the longer one does not have.
    let lines: Vec<u64> = said(&out).iter().map(|status| status.images).collect();
    assert_eq!(lines, [30, 60, 80, 90, 120]);
}

#[test]
fn a_third_length_is_reconstructed_from_two() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world::write_data(data);
    let mut settings = world::settings();
    settings.training.images = 400;
    settings.training.average_stds = vec![0.05, 0.10, 0.075, 0.15];
    settings.intervals.snapshot = 50;
    settings.intervals.state = 400;
    settings.intervals.samples = 400;
    let out = data.join("run");
    train(data, &out, &settings, &mut Watcher::default()).unwrap();
    let run = Folder::open(&out).unwrap();
    let numbers = |images, std| {
        let Contents::Edm2(snapshot) = Contents::open(run.snapshot(images, std)).unwrap() else {
            panic!("no network");
        };
        let tensors = snapshot.weights.iter();
        let trained = tensors.filter(|(name, _)| !name.contains("_fourier."));
        trained
            .flat_map(|(_, tensor)| tensor.numbers().unwrap())
            .collect::<Vec<f32>>()
    };
    let mut stored = Vec::new();
    let mut values = Vec::new();
    for step in 1..=8_u64 {
        for std in [0.05, 0.10] {
            stored.push(Snapshot {
                time: step as f64 * 50.0,
                average: PowerFunction::from_relative_deviation(std).unwrap(),
            });
            values.push(numbers(50 * step, std));
        }
    }
    for std in [0.075, 0.15] {
        let wanted = PowerFunction::from_relative_deviation(std).unwrap();
        let coefficients = &post_hoc(&stored, &[wanted], 400.0).unwrap()[0];
        let withheld = numbers(400, std);
        let (mut wrong, mut size, mut moved) = (0.0, 0.0, 0.0);
        let last = numbers(400, 0.05);
        for (index, &truth) in withheld.iter().enumerate() {
            let parts = coefficients.iter().zip(&values);
            let found: f64 = parts.map(|(c, v)| c * f64::from(v[index])).sum();
            wrong += (found - f64::from(truth)).powi(2);
            size += f64::from(truth).powi(2);
            moved += f64::from(last[index] - truth).powi(2);
        }
        let error = (wrong / size).sqrt();
        // The two lengths themselves differ by more: there was something to reconstruct.
        assert!(
            error < 0.02 && wrong < 0.1 * moved,
            "{std}: {error}, {wrong} of {moved}"
        );
    }
}

#[test]
fn other_settings_and_other_data_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world::write_data(data);
    let out = data.join("run");
    let mut settings = world::settings();
    settings.training.images = 10;
    settings.data.fingerprint = "one".into();
    train(data, &out, &settings, &mut Watcher::default()).unwrap();
    let before = std::fs::read(out.join("state.safetensors")).unwrap();
    let mut other = settings.clone();
    other.training.seed = 6;
    other.training.images = 20;
    let error = train(data, &out, &other, &mut Watcher::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("training.seed is 5 there and 6 here"),
        "{error}"
    );
    assert!(!error.contains("images"), "{error}");
    let mut other = settings.clone();
    other.data.fingerprint = "two".into();
    let error = train(data, &out, &other, &mut Watcher::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("data.fingerprint"), "{error}");
    assert_eq!(
        std::fs::read(out.join("state.safetensors")).unwrap(),
        before
    );
}

#[test]
fn a_damaged_state_and_a_folder_in_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world::write_data(data);
    let out = data.join("run");
    let mut settings = world::settings();
    settings.training.images = 10;
    train(data, &out, &settings, &mut Watcher::default()).unwrap();
    let held = Folder::open(&out).unwrap();
    let error = Folder::open(&out).unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    drop(held);
    let path = out.join("state.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    settings.training.images = 20;
    let task = world::denoising(data, &settings);
    let run = Run::open(Folder::open(&out).unwrap(), settings, &task);
    let error = run.unwrap_err().to_string();
    assert!(error.contains("state.safetensors"), "{error}");
}

#[test]
fn only_as_many_snapshots_as_asked_for_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    world::write_data(data);
    let mut settings = world::settings();
    settings.intervals.keep_snapshots = Some(2);
    let out = data.join("run");
    train(data, &out, &settings, &mut Watcher::default()).unwrap();
    let names: Vec<String> = results(&out).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "network-0000000100-0.050.safetensors",
        "network-0000000100-0.100.safetensors",
        "network-0000000120-0.050.safetensors",
        "network-0000000120-0.100.safetensors",
    ];
    assert_eq!(names, expected);
}
