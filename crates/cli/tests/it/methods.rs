//! Every method of guidance through the real program, on networks that are part of it.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::{names, refusals::refuse, succeed};

/// All that `foil guidance` lists, as it is typed.
fn listed(folder: &Path) -> Vec<String> {
    let text = succeed(folder, "guidance");
    let examples = text.lines().filter_map(|line| line.strip_prefix("  "));
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    examples.filter_map(first).collect()
}

fn images(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = names(folder).into_iter();
    let read = |name: String| (name.clone(), fs::read(folder.join(name)).unwrap());
    names.map(read).collect()
}

/// The pixels of an image, without the settings that are kept in it.
fn pixels(folder: &Path) -> Vec<u8> {
    crate::sample::pixels(&folder.join("000005.png"))
}

/// An image depends on neither its batch nor the run, and each method changes something.
#[test]
fn every_method_makes_images_that_do_not_depend_on_their_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let sample = |out: &str, more: &str| {
        let how = "--sampler euler --steps 4 --seeds 5-7 --precision f32";
        succeed(path, &format!("sample --out {out} {how} {more}"));
    };
    sample("none", "--guidance none");
    let methods = listed(path);
    assert!(methods.len() > 25, "{methods:?}");
    for (number, method) in methods.iter().enumerate() {
        // Needs files of a training run.
        if method.starts_with("ema") || method == "none" {
            continue;
        }
        let (one, three) = (format!("{number}-1"), format!("{number}-3"));
        sample(&one, &format!("--guidance {method} --batch 1"));
        sample(&three, &format!("--guidance {method} --batch 3"));
        let of = |out: &str| {
            let mut images = images(&path.join(out));
            images.remove("grid.png");
            images
        };
        assert_eq!(of(&one), of(&three), "{method}");
        assert_ne!(
            pixels(&path.join(&one)),
            pixels(&path.join("none")),
            "{method}"
        );
    }
}

#[test]
fn settings_say_the_method_and_repeat_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let guidance = "auto:2@0.2..5+cfg:1.3,rescale(0.5)";
    let how = "--steps 3 --seeds 3 --out first";
    succeed(path, &format!("sample --guidance {guidance} {how}"));
    succeed(path, "sample --from first/000003.png --out again");
    let read = |out: &str| fs::read(path.join(out).join("000003.png")).unwrap();
    assert_eq!(read("first"), read("again"));
    let said = succeed(
        path,
        &format!("sample --guidance {guidance} {how} --dry-run"),
    );
    assert!(
        said.contains("auto:2@0.2..5+cfg:1.3,rescale(share=0.5)"),
        "{said}"
    );
    assert!(
        said.contains("unconditional = \"fashion-unconditional\""),
        "{said}"
    );
}

/// What --dry-run prints is what --model takes.
#[test]
fn settings_in_a_file_are_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let typed = "--guidance auto:2@0.2..5 --degradation skip(blocks=1) --sampler euler --steps 3 --rho 5 --rng torch-cpu --class 4";
    let settings = succeed(path, &format!("sample {typed} --out x --dry-run"));
    fs::write(path.join("mine.toml"), &settings).unwrap();
    let again = succeed(path, "sample --model mine.toml --out x --dry-run");
    assert_eq!(settings, again);
    succeed(path, &format!("sample {typed} --seeds 5 --out typed"));
    succeed(path, "sample --model mine.toml --seeds 5 --out read");
    assert_eq!(pixels(&path.join("typed")), pixels(&path.join("read")));
    // What is typed counts more.
    let other = succeed(
        path,
        "sample --model mine.toml --guidance cfg:3 --steps 7 --unconditional fashion-unconditional --out x --dry-run",
    );
    for line in [
        "guidance = \"cfg:3\"",
        "steps = 7",
        "sampler = \"euler\"",
        "rng = \"torch-cpu\"",
        "degradation = \"skip(blocks=1)\"",
    ] {
        assert!(other.lines().any(|found| found == line), "{line}: {other}");
    }
    fs::write(path.join("bad.toml"), "model = \"fashion\"\nstep = 3\n").unwrap();
    refuse(
        path,
        "sample --model bad.toml --out x",
        &["bad.toml: line 2", "step"],
    );
    refuse(
        path,
        "sample --model none.toml --out x",
        &["cannot read none.toml"],
    );
}

#[test]
fn mistakes_are_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::foil(folder.path(), "sample --out x --guidance cfg:4,apg(eat=0)");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].contains("unknown key 'eat'; allowed are eta, norm, momentum, dialect"));
    assert_eq!(lines[1].find("eat"), lines[2].find('^'), "{said}");
}

#[test]
fn what_a_method_needs_is_told_before_images_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let refused = [
        (
            "sample --model fashion-guide --guidance auto:2 --out x",
            &["--guide MODEL"][..],
        ),
        (
            "sample --guidance cfg:2 --unconditional fashion-guide --out x",
            &["knows 10 classes"],
        ),
        (
            "sample --guidance classifier:1 --classifier fashion-clean-classifier --out x",
            &["clean images"],
        ),
        (
            "sample --guidance auto:2 --classifier fashion-noisy-classifier --out x",
            &["has no use"],
        ),
        (
            "sample --guidance skip(blocks=99):2 --out x",
            &["block 99 does not exist"],
        ),
        ("sample --guidance ema(std=0.1):2 --out x", &["RUN@"]),
        ("sample --degradation auto --out x", &["changes no network"]),
        ("sample --degradation dropout(p=2) --out x", &["below 1"]),
        ("sample --guidance bits(n=1):2 --out x", &["2 to 8"]),
    ];
    for (arguments, expected) in refused {
        refuse(folder.path(), arguments, expected);
        assert!(!folder.path().join("x").exists(), "{arguments}");
    }
}

#[test]
fn methods_are_compared_at_their_best_weights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let command = "compare --sampler euler --steps 3 --sweep 20 --images 40 --weights 1.5,3 --out out --json \
        --method none --method cfg:W --method auto:W@0.2..80 --method classifier:W --calibrate";
    let compared: Value = serde_json::from_str(&succeed(path, command)).unwrap();
    let cells = compared.as_array().unwrap();
    assert_eq!(cells.len(), 4);
    for cell in cells {
        let images = &cell["evaluation"]["manifest"]["images"];
        assert_eq!(images["count"], 40);
        assert_eq!(images["source"]["seeds"], "0-39");
    }
    let scale = |cell: &Value| cell["effective-scale"].as_f64().unwrap();
    assert!((scale(&cells[0]) - 1.0).abs() < 1e-12, "{cells:?}");
    let weight = cells[1]["weight"].as_f64().unwrap();
    assert!((scale(&cells[1]) - weight).abs() < 1e-3, "{cells:?}");
    // Beside cfg of its own scale a cell of cfg is itself; a classifier's weights are counted from 0.
    let number =
        |cell: &Value| cell["evaluation"]["results"]["fd@fashion-clean-classifier"].clone();
    assert_eq!(
        cells[1]["as-strong"]["number"],
        number(&cells[1]),
        "{cells:?}"
    );
    assert_ne!(
        cells[2]["as-strong"]["number"],
        number(&cells[2]),
        "{cells:?}"
    );
    assert!(
        [0.5, 2.0].contains(&cells[3]["weight"].as_f64().unwrap()),
        "{cells:?}"
    );
    let made = names(&path.join("out"));
    for name in [
        "comparison.json",
        "grid.png",
        "weights.png",
        "weights.svg",
        "evaluations.png",
    ] {
        assert!(made.iter().any(|made| made == name), "{made:?}");
    }
    // Again it only reads.
    let again: Value = serde_json::from_str(&succeed(path, command)).unwrap();
    assert_eq!(again, compared);
    // Precision and recall need images to compare with.
    succeed(
        path,
        "sample --guidance none --steps 3 --sampler euler --seeds 100-139 --out real",
    );
    let classifier = "fashion-clean-classifier";
    succeed(
        path,
        &format!(
            "compare --sampler euler --steps 3 --images 40 --method none --method cfg:2 --out out --reference real --metrics fd@{classifier},prdc@{classifier}"
        ),
    );
    let svg = fs::read_to_string(path.join("out/precision-recall.svg")).unwrap();
    assert!(svg.contains("cfg:2") && svg.contains("recall"));
    for (arguments, expected) in [
        ("compare --method cfg:W+auto:W --out x", "one weight"),
        ("compare --method cfg --out x", "method 'cfg'"),
        ("compare --guidance cfg:2 --out x", "--method"),
        (
            "compare --model fashion-guide --method none --calibrate --out x",
            "--unconditional MODEL",
        ),
    ] {
        refuse(path, arguments, &[expected]);
    }
}
