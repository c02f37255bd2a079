//! NVIDIA's snapshots: pickles whose names say when they were taken.

use super::*;

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    folder.join(name)
}

/// Copies a network's pickle to the name of a raw snapshot.
fn copy(name: &str, folder: &Path, moment: &str) {
    let to = folder.join(format!("edm2-tiny-{moment}.pkl"));
    fs::copy(fixture(name), to).unwrap();
}

#[test]
fn pickles_and_foils_files_of_one_run_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (folder.path().join("run"), folder.path().join("out"));
    fs::create_dir(&run).unwrap();
    copy("edm2-tiny-main.pkl", &run, "0008388-0.050");
    copy("edm2-tiny-main.pkl", &run, "0016777-0.050");
    // Taken before training began, and not a snapshot.
    copy("edm2-tiny-main.pkl", &run, "0000000-0.050");
    fs::write(run.join("training-state-0008388.pt"), "other things").unwrap();
    fs::write(run.join(".foil-unfinished.safetensors"), "half").unwrap();
    // The same network twice as large, as Foil keeps it.
    let main = open(&fixture("edm2-tiny-main.pkl"));
    let doubled = main.weights.translated(|name, tensor| {
        let factor = if Plan::is_fixed(name) { 1.0 } else { 2.0 };
        let numbers = tensor.numbers()?.into_iter().map(|number| factor * number);
        let tensor = StoredTensor::in_memory(DType::F32, tensor.shape(), bytes(numbers))?;
        Ok(Some((name.to_owned(), tensor)))
    });
    let doubled = Snapshot {
        weights: doubled.unwrap(),
        ..main.clone()
    };
    keep(&run, doubled.clone(), 8 << 20, 0.1);
    keep(&run, doubled, 16 << 20, 0.1);
    let paths = rebuild(&run, &[0.05, 0.08, 0.1], Precision::F32, &out).unwrap();
    assert_eq!(Run::open(&run).unwrap().count(), 4);
    let mut factors = Vec::new();
    for path in &paths {
        let found = open(path);
        assert_eq!(
            (&found.config, &found.encoder),
            (&main.config, &main.encoder)
        );
        let weights = |snapshot: &Snapshot| {
            let tensor = snapshot.weights.get("unet.out_conv.weight").unwrap();
            tensor.numbers().unwrap()
        };
        let (found, original) = (weights(&found), weights(&main));
        let factor = found[0] / original[0];
        let near = |(a, b): (&f32, &f32)| (a - factor * b).abs() <= 1e-6 * a.abs();
        assert!(found.iter().zip(&original).all(near));
        factors.push(factor);
    }
    // The kept lengths are found again, the one between them is between them.
    assert!((factors[0] - 1.0).abs() < 1e-6 && (factors[2] - 2.0).abs() < 1e-6);
    assert!(factors[1] > 1.1 && factors[1] < 1.9, "{factors:?}");
}

#[test]
fn half_precision_comes_back_to_the_bit_from_snapshots_that_are_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (folder.path().join("run"), folder.path().join("out"));
    fs::create_dir(&run).unwrap();
    for moment in [
        "0008388-0.050",
        "0008388-0.100",
        "0016777-0.050",
        "0016777-0.100",
    ] {
        copy("edm2-tiny-guide.pkl", &run, moment);
    }
    let paths = rebuild(&run, &[0.07, 0.15], Precision::F16, &out).unwrap();
    let original = open(&fixture("edm2-tiny-guide.pkl"));
    for path in &paths {
        let found = open(path);
        assert_eq!(found.provenance.images_seen, Some(16 << 20));
        for (name, tensor) in original.weights.iter() {
            let found = found.weights.get(name).unwrap();
            let same = found.with_bytes(|found| tensor.with_bytes(|bytes| bytes == found));
            assert!(same.unwrap().unwrap(), "{name}");
        }
    }
}
