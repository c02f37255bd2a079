//! Images in numpy's archives, where images are read.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    names,
    refusals::refuse,
    statistics::{evaluation, inception, number},
    succeed,
};

/// Seven images that numpy wrote, with labels.
fn samples(folder: &Path) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/tests/golden");
    fs::copy(golden.join("samples.npz"), folder.join("samples.npz")).unwrap();
    let compressed = golden.join("samples-deflated.npz");
    fs::copy(compressed, folder.join("compressed.npz")).unwrap();
}

#[test]
fn archives_of_images_are_data_sets() {
    let folder = tempfile::tempdir().unwrap();
    samples(folder.path());
    let told = |data: &str| -> Value {
        let said = succeed(folder.path(), &format!("data inspect {data} --json"));
        serde_json::from_str(&said).unwrap()
    };
    let said = told("samples.npz");
    assert_eq!(said["kind"], "pixels");
    assert_eq!(said["images"], 7);
    assert_eq!(said["shape"], json!([3, 4, 5]));
    assert_eq!(said["images-of-class"], json!([3, 2, 0, 2]));
    assert_eq!(told("compressed.npz"), said);
    // The same images as files of their own.
    succeed(folder.path(), "data convert samples.npz out.zip");
    let converted = told("out.zip");
    for same in [
        "mean",
        "standard-deviation",
        "channel-means",
        "images-of-class",
    ] {
        assert_eq!(converted[same], said[same], "{same}");
    }
    let inspected = succeed(folder.path(), "inspect samples.npz --json --tensors");
    let inspected: Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected["tensors"]["arr_0"], json!(["U8", [7, 4, 5, 3]]));
}

#[test]
fn archives_of_images_are_judged_and_compared_with() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    samples(place);
    inception(place);
    succeed(place, "data convert samples.npz plain.zip");
    succeed(
        place,
        "evaluate reference samples.npz --inception inception.safetensors --out adm.npz",
    );
    let files = evaluation(
        place,
        "--images plain.zip --reference adm.npz --metrics fid",
    );
    let archive = evaluation(
        place,
        "--images samples.npz --reference adm.npz --metrics fid,sfid",
    );
    assert_eq!(
        number(&archive, "fid").to_bits(),
        number(&files, "fid").to_bits()
    );
    let source = &archive["manifest"]["images"];
    assert_eq!(source["count"], 7);
    assert_eq!(source["source"]["name"], "samples.npz");
    // An archive with moments is statistics, one without is images.
    let compared = evaluation(
        place,
        "--images samples.npz --reference compressed.npz --metrics fid,sfid,prdc",
    );
    let reference =
        |evaluation: &Value, key: &str| evaluation["manifest"]["reference"][key].clone();
    assert_eq!(reference(&archive, "statistics-only"), true);
    assert_eq!(reference(&compared, "statistics-only"), false);
    assert_eq!(reference(&compared, "images"), 7);
    for metric in ["fid", "sfid"] {
        let [one, other] = [&archive, &compared].map(|evaluation| number(evaluation, metric));
        assert_eq!(one.to_bits(), other.to_bits(), "{metric}");
        // The same images.
        assert!(one.abs() < 1e-6, "{metric}: {one}");
    }
    assert!((number(&compared, "coverage@inception") - 1.0).abs() < 1e-12);
    let before = names(place);
    fs::write(
        place.join("cut.npz"),
        &fs::read(place.join("samples.npz")).unwrap()[..300],
    )
    .unwrap();
    let damaged = fs::read(place.join("adm.npz")).unwrap();
    for (arguments, words) in [
        (
            "data inspect adm.npz",
            &["adm.npz", "none of its 4 images"][..],
        ),
        ("data inspect cut.npz", &["cut.npz: damaged zip archive"]),
        (
            "evaluate --inception inception.safetensors --images cut.npz --reference adm.npz",
            &["cut.npz: damaged zip archive"],
        ),
        (
            "evaluate --inception inception.safetensors --images samples.npz --reference cut.npz",
            &["cut.npz: damaged zip archive"],
        ),
        (
            "evaluate --inception inception.safetensors --images samples.npz --reference adm.npz --metrics kid",
            &["adm.npz has moments only"],
        ),
        (
            "evaluate --inception inception.safetensors --images samples.npz --reference adm.npz --fit adm",
            &["--fit", "adm.npz holds statistics"],
        ),
    ] {
        refuse(place, arguments, words);
    }
    fs::remove_file(place.join("cut.npz")).unwrap();
    assert_eq!(names(place), before);
    assert_eq!(fs::read(place.join("adm.npz")).unwrap(), damaged);
}
