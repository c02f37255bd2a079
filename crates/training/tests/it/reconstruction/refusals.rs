//! What cannot be done is said, and nothing is left behind.

use foil_training::reconstruction::Error;

use super::*;

/// Four snapshots up to 2,000,000 images.
fn small_run(folder: &Path) {
    for (images, length) in [
        (1_000_000, 0.05),
        (1_000_000, 0.1),
        (2_000_000, 0.05),
        (2_000_000, 0.1),
    ] {
        keep(folder, network(|noise| noise), images, length);
    }
}

/// What opening a folder is refused with.
fn refusal(folder: &Path) -> String {
    let said = Run::open(folder).unwrap_err().to_string();
    assert!(!said.contains('\n'), "{said}");
    said
}

fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "'{word}' is not in {said}");
    }
}

#[test]
fn folders_without_a_run_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_says(&refusal(&folder.path().join("gone")), &["gone"]);
    assert_says(&refusal(folder.path()), &["no snapshots", ".pkl"]);
    fs::write(folder.path().join("a.pkl"), "no pickle").unwrap();
    assert_says(&refusal(folder.path()), &["a.pkl", "not a checkpoint"]);
}

#[test]
fn snapshots_that_do_not_say_their_length_are_named() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let mut strange = network(|noise| noise);
    strange.provenance.images_seen = Some(3_000_000);
    let path = folder.path().join("strange.safetensors");
    for (length, words) in [
        (None, ["strange.safetensors", "unknown", "7 digits"]),
        (Some(0.3), ["strange.safetensors", "0.3", "EMA length"]),
    ] {
        strange.provenance.ema_std = length;
        strange.save(&path).unwrap();
        assert_says(&refusal(folder.path()), &words);
    }
    strange.provenance.ema_std = Some(0.07);
    strange.provenance.origin = Some("post-hoc EMA of 8 snapshots of this".into());
    strange.save(&path).unwrap();
    let words = ["strange.safetensors", "a result of post-hoc EMA"];
    assert_says(&refusal(folder.path()), &words);
}

#[test]
fn snapshots_of_different_runs_are_named_in_pairs() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let strange = |change: &dyn Fn(&mut Snapshot), words: &[&str]| {
        let mut snapshot = network(|noise| noise);
        change(&mut snapshot);
        let path = keep(folder.path(), snapshot, 3_000_000, 0.05);
        let said = refusal(folder.path());
        assert_says(&said, &["0001000-0.050", "0003000-0.050"]);
        assert_says(&said, words);
        fs::remove_file(path).unwrap();
    };
    strange(
        &|snapshot| snapshot.config.dropout = 0.1,
        &["configurations"],
    );
    let other_role = |snapshot: &mut Snapshot| {
        *snapshot = network_for(Role::CleanClassifier, |noise| noise);
    };
    strange(&other_role, &["edm2-clean-classifier"]);
    let other = Encoder::Latent(foil_models::Whitening::published());
    strange(&|snapshot| snapshot.encoder = other.clone(), &["encoders"]);
    let other_features = |snapshot: &mut Snapshot| {
        let changed = snapshot.weights.translated(|name, tensor| {
            let mut numbers = tensor.numbers()?;
            if name == "logvar_fourier.phases" {
                numbers[3] += 0.1;
            }
            let tensor = StoredTensor::in_memory(DType::F32, tensor.shape(), bytes(numbers))?;
            Ok(Some((name.to_owned(), tensor)))
        });
        snapshot.weights = changed.unwrap();
    };
    strange(&other_features, &["logvar_fourier.phases", "never trained"]);
    // The same moment and length twice.
    let first = folder
        .path()
        .join("network-snapshot-0001000-0.050.safetensors");
    fs::copy(&first, folder.path().join("copy.safetensors")).unwrap();
    let said = refusal(folder.path());
    assert_says(
        &said,
        &["copy", "0001000-0.050", "same time and EMA length"],
    );
}

#[test]
fn times_and_lengths_that_cannot_be_had_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let run = Run::open(folder.path()).unwrap();
    assert_eq!(run.images_at(Moment::Latest).unwrap(), 2_000_000);
    assert_eq!(run.images_at(Moment::Thousands(1000)).unwrap(), 1_000_000);
    for (thousands, words) in [
        (0, "the first is at 1000"),
        (1500, "the nearest are at 1000 and 2000"),
        (2001, "the last is at 2000"),
    ] {
        let said = run.images_at(Moment::Thousands(thousands)).unwrap_err();
        assert_says(&said.to_string(), &[&thousands.to_string(), words]);
    }
    let refused = |images, lengths: &[f64]| {
        Reconstruction::new(&run, images, lengths, Precision::F16).unwrap_err()
    };
    for length in [0.0, -0.1, 0.289, f64::NAN] {
        assert!(matches!(
            refused(2_000_000, &[0.1, length]),
            Error::Average(_)
        ));
    }
    assert!(matches!(
        refused(2_000_000, &[0.1, 0.0705]),
        Error::Length(_)
    ));
    assert!(matches!(refused(2_000_000, &[0.1, 0.1]), Error::Length(_)));
    assert!(matches!(refused(1_500_000, &[0.1]), Error::Average(_)));
    assert!(matches!(refused(500_000, &[0.1]), Error::Average(_)));
}

#[test]
fn one_snapshot_gives_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), network(|noise| noise), 1_000_000, 0.05);
    let out = folder.path().join("out");
    let refused = rebuild(folder.path(), &[0.05, 0.1], Precision::F16, &out).unwrap_err();
    assert!(matches!(refused, Error::TooFew { images: 1_000_000 }));
    assert!(!out.exists());
    let paths = rebuild(folder.path(), &[0.05], Precision::F16, &out).unwrap();
    let origin = open(&paths[0]).provenance.origin.unwrap();
    assert!(
        origin.starts_with("post-hoc EMA of 1 snapshot of "),
        "{origin}"
    );
}

#[test]
fn what_is_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (folder.path().join("run"), folder.path().join("out"));
    fs::create_dir(&run).unwrap();
    small_run(&run);
    let job = |lengths: &[f64], precision, out: &Path| {
        let run = Run::open(&run).unwrap();
        let missing = Reconstruction::new(&run, 2_000_000, lengths, precision)?.missing(out)?;
        Result::Ok(missing)
    };
    rebuild(&run, &[0.07], Precision::F16, &out).unwrap();
    assert_eq!(job(&[0.07, 0.08], Precision::F16, &out).unwrap(), [1]);
    let in_the_way = |found: Result<Vec<usize>>, words: &str| {
        let said = found.unwrap_err().to_string();
        assert_says(&said, &[words, "choose another folder"]);
    };
    in_the_way(
        job(&[0.07], Precision::F32, &out),
        "0.070.safetensors exists",
    );
    in_the_way(
        job(&[0.07], Precision::F16, &run),
        "where the snapshots are",
    );
    fs::write(out.join("network-0002000-0.080.safetensors"), "mine").unwrap();
    in_the_way(
        job(&[0.08], Precision::F16, &out),
        "0.080.safetensors exists",
    );
    // Of another moment that has the same name.
    keep(&run, network(|noise| noise), 2_000_500, 0.05);
    let said = rebuild(&run, &[0.07], Precision::F16, &out).unwrap_err();
    assert_says(&said.to_string(), &["0.070.safetensors exists"]);
}

#[test]
fn an_interrupted_or_impossible_pass_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("run"), folder.path().join("out"));
    fs::create_dir(&path).unwrap();
    small_run(&path);
    let run = Run::open(&path).unwrap();
    let job = Reconstruction::new(&run, 2_000_000, &[0.07, 0.2], Precision::F16).unwrap();
    let mut calls = 0;
    let stopped = job.write(&out, &[0, 1], &mut |_| {
        calls += 1;
        if calls < 5 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    assert!(matches!(stopped, Err(Error::Interrupted)) && calls == 5);
    assert!(names(&out).is_empty());
    // Too large for half precision, and for single precision nothing out of the way.
    keep(&path, network(|noise| 1e6 * noise), 3_000_000, 0.05);
    keep(&path, network(|noise| 1e6 * noise), 3_000_000, 0.1);
    let refused = rebuild(&path, &[0.07], Precision::F16, &out).unwrap_err();
    assert_says(&refused.to_string(), &["weight would not be finite in f16"]);
    assert!(names(&out).is_empty());
    rebuild(&path, &[0.07], Precision::Bf16, &out).unwrap();
}
