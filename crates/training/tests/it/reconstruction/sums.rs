//! What comes out is the average that would have been kept.

use safetensors::SafeTensors;

use super::*;
use crate::ema::doubles;

const MILLION: u64 = 1 << 20;
const KEPT: [f64; 2] = [0.05, 0.10];

/// A weight that was a + b·τ + c·τ² at time τ, its coefficients made of its noise, averaged somehow.
fn polynomial(noise: f64, [linear, square]: [f64; 2]) -> f64 {
    (noise + 0.3) - 0.8 * noise * linear + (0.5 - noise * noise) * square
}

/// The averages, at `time`, of τ and τ².
fn averages(length: f64, time: f64) -> [f64; 2] {
    [1, 2].map(|degree| average_of_power(length, time, degree))
}

/// Keeps both lengths at `count` moments up to 32 Mi images, which are time 1.
fn keep_run(folder: &Path, count: u64) {
    for moment in 1..=count {
        let time = moment as f64 / count as f64;
        for length in KEPT {
            let averages = averages(length, time);
            let snapshot = network(|noise| polynomial(noise, averages));
            keep(folder, snapshot, moment * 32 * MILLION / count, length);
        }
    }
}

/// The largest difference of trained numbers from those of `value`.
fn largest_error(found: &Snapshot, value: impl Fn(f64) -> f64) -> f64 {
    let trained = found
        .weights
        .iter()
        .filter(|(name, _)| !Plan::is_fixed(name));
    let errors = trained.flat_map(|(name, tensor)| {
        let numbers = tensor.numbers().unwrap().into_iter().enumerate();
        numbers
            .map(|(place, number)| (f64::from(number) - value(noise(name, place))).abs())
            .collect::<Vec<_>>()
    });
    errors.fold(0.0, f64::max)
}

#[test]
fn lengths_that_were_not_kept_are_those_of_the_closed_form() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/out");
    let snapshots = folder.path().join("snapshots");
    fs::create_dir(&snapshots).unwrap();
    keep_run(&snapshots, 8);
    let lengths = [0.06, 0.075, 0.13, 0.2];
    let run = Run::open(folder.path()).unwrap();
    assert_eq!(run.count(), 16);
    let job = Reconstruction::new(&run, 32 * MILLION, &lengths, Precision::F32).unwrap();
    let mut told = Vec::new();
    let mut observer = |bytes| {
        told.push(bytes);
        ControlFlow::Continue(())
    };
    job.write(&out, &[0, 1, 2, 3], &mut observer).unwrap();
    assert!(told.is_sorted() && told.last() == Some(&job.bytes()));
    for ((length, path), misfit) in lengths.iter().zip(job.paths(&out)).zip(job.misfits()) {
        let found = open(&path);
        let expected = averages(*length, 1.0);
        let error = largest_error(&found, |noise| polynomial(noise, expected));
        // Cauchy and Schwarz: at most the norms of the profiles' difference and of the weights, which stay below 2.
        let exponent = exponent(*length);
        let norm = (exponent + 1.0) / (2.0 * exponent + 1.0).sqrt();
        let most = misfit * norm * 2.0 + 1e-6;
        assert!(error < most, "{length}: {error:e}, {most:e}");
        // Even outside of the kept lengths the nearest of them differs by far more.
        let nearest = averages(if *length < 0.075 { 0.05 } else { 0.1 }, 1.0);
        let other = largest_error(&found, |noise| polynomial(noise, nearest));
        assert!(error < other / 15.0, "{length}: {error:e}, {other:e}");
    }
}

#[test]
fn weights_that_never_changed_come_out_as_they_are() {
    for role in [Role::Denoiser, Role::NoisyClassifier, Role::CleanClassifier] {
        unchanged(role);
    }
}

fn unchanged(role: Role) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for (images, length) in [(700, 0.05), (700, 0.1), (1900, 0.05), (1900, 0.1)] {
        let path = keep(
            folder.path(),
            network_for(role, |noise| noise),
            images,
            length,
        );
        // Names say nothing about such short runs.
        fs::rename(
            &path,
            folder.path().join(format!("{images}-{length}.safetensors")),
        )
        .unwrap();
    }
    let paths = rebuild(folder.path(), &[0.001, 0.05, 0.288], Precision::F32, &out).unwrap();
    let original = network_for(role, |noise| noise);
    for path in &paths {
        let made = open(path);
        assert_eq!(made.role, role);
        for (name, tensor) in made.weights.iter() {
            let expected = original.weights.get(name).unwrap().numbers().unwrap();
            let found = tensor.numbers().unwrap();
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * b.abs();
            assert!(found.iter().zip(&expected).all(near), "{name}");
        }
    }
    let named = |length| format!("network-0000001-{length}.safetensors");
    assert_eq!(names(&out), ["0.001", "0.050", "0.288"].map(named));
}

#[test]
fn files_add_up_with_the_coefficients_of_the_reference_program() {
    let bytes = include_bytes!("../../../../../fixtures/phema.safetensors");
    let golden = SafeTensors::deserialize(bytes).unwrap();
    let [times, lengths, wanted, coefficients] =
        ["in_ofs", "in_std", "out_std", "coefficients"].map(|name| doubles(&golden, name));
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (folder.path().join("run"), folder.path().join("out"));
    fs::create_dir(&run).unwrap();
    let value = |place: usize, noise: f64| (noise * (3.0 + 7.0 * place as f64)).cos();
    for (place, (time, length)) in times.iter().zip(&lengths).enumerate() {
        keep(
            &run,
            network(|noise| value(place, noise)),
            *time as u64,
            *length,
        );
    }
    let paths = rebuild(&run, &wanted, Precision::F32, &out).unwrap();
    assert_eq!((times.len(), paths.len()), (8, 4));
    for (column, path) in paths.iter().enumerate() {
        let error = largest_error(&open(path), |noise| {
            let places = 0..times.len();
            let shares = places.map(|place| coefficients[place * 4 + column] * value(place, noise));
            shares.sum()
        });
        assert!(error < 3e-7, "{error:e}");
    }
}

#[test]
fn results_say_what_they_are_and_keep_what_was_never_trained() {
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (folder.path().join("run"), folder.path().join("out"));
    fs::create_dir(&run).unwrap();
    keep_run(&run, 2);
    for (precision, dtype) in [
        (Precision::F32, DType::F32),
        (Precision::Bf16, DType::BF16),
        (Precision::F16, DType::F16),
    ] {
        let out = out.join(format!("{dtype:?}"));
        let paths = rebuild(&run, &[0.07], precision, &out).unwrap();
        assert_eq!(names(&out), ["network-0033554-0.070.safetensors"]);
        let found = open(&paths[0]);
        let expected = Provenance {
            ema_std: Some(0.07),
            images_seen: Some(32 * MILLION),
            origin: Some("post-hoc EMA of 4 snapshots of run".into()),
            licence: Some("CC0".into()),
            dataset_class: Some("made up".into()),
            ..Provenance::default()
        };
        assert_eq!(found.provenance, expected);
        let original = network(|noise| noise);
        assert_eq!(
            (found.config, found.encoder),
            (original.config, original.encoder)
        );
        for (name, tensor) in found.weights.iter() {
            if Plan::is_fixed(name) {
                let original = original.weights.get(name).unwrap().numbers().unwrap();
                assert_eq!(tensor.numbers().unwrap(), original, "{name}");
            } else {
                assert_eq!(tensor.dtype(), dtype, "{name}");
            }
        }
    }
}
