//! `foil evaluate` without a verb, on networks that are part of the program.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{names, refusals::refuse, succeed};

const QUICK: &str = "evaluate --steps 2 --json";

fn evaluations(folder: &Path, arguments: &str) -> Vec<Value> {
    let said: Value = serde_json::from_str(&succeed(folder, arguments)).unwrap();
    said["evaluations"].as_array().unwrap().clone()
}

fn value(evaluation: &Value, metric: &str) -> f64 {
    let name = format!("{metric}@fashion-clean-classifier");
    evaluation["results"][name]["value"].as_f64().unwrap()
}

fn results(folder: &Path) -> Vec<String> {
    let mut names = names(folder);
    names.retain(|name| name != "features");
    names
}

#[test]
fn no_options_score_the_bundled_model_with_and_without_its_guide() {
    let folder = tempfile::tempdir().unwrap();
    let command = format!("{QUICK} --images 40");
    let scored = evaluations(folder.path(), &command);
    assert_eq!(scored.len(), 2);
    let guidance = ["none", "auto:1.5"];
    for (evaluation, guidance) in scored.iter().zip(guidance) {
        let manifest = &evaluation["manifest"];
        let made = &manifest["images"]["source"];
        assert_eq!(made["settings"]["guidance"], guidance);
        assert_eq!(made["seeds"], "0-39");
        // Heun: two evaluations a step, and one in the last.
        assert_eq!(made["evaluations"]["main"], 3);
        let guide = if guidance == "none" { 0 } else { 3 };
        assert_eq!(made["evaluations"]["guide"], guide);
        let network = &manifest["extractors"]["fashion-clean-classifier"];
        assert_eq!(network["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(manifest["reference"]["images"], 10_000);
        assert!(value(evaluation, "fd") > 0.0);
        assert!((0.0..=1.0).contains(&value(evaluation, "accuracy")));
        let said = evaluation["warnings"].to_string();
        assert!(said.contains("no covariance of full rank"), "{said}");
    }
    let out = folder.path().join("evaluation");
    assert_eq!(results(&out).len(), 2);
    // What was kept is what was said, and is found again.
    let mut kept: Vec<Value> = results(&out)
        .iter()
        .map(|name| serde_json::from_slice(&fs::read(out.join(name)).unwrap()).unwrap())
        .collect();
    kept.sort_by_key(|kept| kept["manifest"]["images"]["source"]["settings"]["guidance"] != "none");
    assert_eq!(kept, scored);
    assert_eq!(evaluations(folder.path(), &command), scored);
    assert_eq!(results(&out).len(), 2);
}

#[test]
fn an_evaluation_continues_to_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let command = format!("{QUICK} --model fashion --guidance none --images");
    let whole = evaluations(folder.path(), &format!("{command} 50 --out whole"));
    // Stopped in the middle of a row, then asked for more images.
    evaluations(folder.path(), &format!("{command} 30 --out parts"));
    let features = folder.path().join("parts/features");
    let kept = names(&features);
    for name in &kept {
        let path = features.join(name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() * 2 / 3 - 3]).unwrap();
    }
    let parts = evaluations(folder.path(), &format!("{command} 50 --out parts"));
    assert_eq!(parts, whole);
    // In the same files.
    assert_eq!(names(&features), kept);
    // Fewer images are the first ones.
    let few = evaluations(folder.path(), &format!("{command} 30 --out parts"));
    let fresh = evaluations(folder.path(), &format!("{command} 30 --out fresh"));
    assert_eq!(few, fresh);
}

#[test]
fn images_in_memory_score_as_their_files_do() {
    let folder = tempfile::tempdir().unwrap();
    let how = "--model fashion --guidance none --steps 2";
    succeed(
        folder.path(),
        &format!("sample {how} --seeds 0-39 --out images"),
    );
    let made = evaluations(folder.path(), &format!("evaluate {how} --images 40 --json"));
    let metrics = "--metrics fd,class-score,accuracy --features fashion-clean-classifier";
    let files =
        format!("evaluate --images images {metrics} --reference fashion-test-statistics --json");
    let files = evaluations(folder.path(), &files);
    assert_eq!(made[0]["results"], files[0]["results"]);
}

#[test]
fn repeats_are_judged_apart() {
    let folder = tempfile::tempdir().unwrap();
    let command = format!("{QUICK} --model fashion --guidance none --images 24");
    let together = evaluations(folder.path(), &format!("{command} --repeats 2"));
    let parts = [0, 24].map(|first| {
        let command = format!("{command} --first-seed {first} --out {first}");
        value(&evaluations(folder.path(), &command)[0], "fd")
    });
    let number = &together[0]["results"]["fd@fashion-clean-classifier"];
    assert_eq!(number["repeats"], serde_json::json!(parts));
    let mean = f64::midpoint(parts[0], parts[1]);
    assert!((value(&together[0], "fd") - mean).abs() < 1e-12);
}

#[test]
fn differences_of_the_protocol_forbid_a_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let score = |out: &str, more: &str| {
        let command = format!("{QUICK} --model fashion --images 40 --out {out} {more}");
        let scored = evaluations(folder.path(), &command);
        let name = results(&folder.path().join(out)).pop().unwrap();
        (format!("{out}/{name}"), value(&scored[0], "fd"))
    };
    let (plain, one) = score("plain", "--guidance none");
    let (guided, other) = score("guided", "--guidance auto:1.5");
    let (train, _) = score(
        "train",
        "--guidance none --reference fashion-train-statistics",
    );
    let diff = |other: &str| -> Value {
        let said = succeed(
            folder.path(),
            &format!("evaluate diff {plain} {other} --json"),
        );
        serde_json::from_str(&said).unwrap()
    };
    let found = diff(&guided);
    assert_eq!(found["comparable"], true);
    let settings = &found["settings"]["images.source.settings.guidance"];
    assert_eq!(*settings, serde_json::json!(["none", "auto:1.5"]));
    let change = found["numbers"]["fd@fashion-clean-classifier"]["change"].as_f64();
    assert!((change.unwrap() - (other - one)).abs() < 1e-12);
    let found = diff(&train);
    assert_eq!(found["comparable"], false);
    assert_eq!(found["numbers"], serde_json::json!({}));
    let said = succeed(folder.path(), &format!("evaluate diff {plain} {train}"));
    assert!(
        said.contains("! reference.fingerprint") && said.contains("not comparable"),
        "{said}"
    );
    let said = succeed(folder.path(), &format!("evaluate diff {plain} {plain}"));
    assert!(said.contains("all settings are the same"), "{said}");
}

#[test]
fn what_cannot_be_scored_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    fs::write(place.join("noise"), b"neither").unwrap();
    for (arguments, words) in [
        ("evaluate --metrics distance", &["fid", "class-score"][..]),
        ("evaluate --images 1", &["2 to 10000000"]),
        ("evaluate --guide digits-guide", &["--guide is for"]),
        (
            "evaluate --reference digits-test-statistics",
            &["digits-test-statistics", "cannot be compared"],
        ),
        (
            "evaluate --images 4 --steps 1 --metrics memorisation",
            &["--training"],
        ),
        (
            "evaluate --images 64 --steps 1 --metrics kd",
            &["moments only", "needs a data set"],
        ),
        (
            "evaluate --images 4 --metrics sfd",
            &["fashion-clean-classifier has no features that keep places"],
        ),
        ("evaluate --reference noise", &["noise"]),
        (
            "evaluate --images gone --features fashion-clean-classifier --reference fashion-test-statistics",
            &["gone"],
        ),
        ("evaluate diff noise noise", &["noise is no result"]),
        ("evaluate diff gone noise", &["cannot read gone"]),
        (
            "evaluate robustness gone --features fashion-clean-classifier",
            &["gone"],
        ),
    ] {
        refuse(place, arguments, words);
    }
}
