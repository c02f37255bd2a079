//! `foil diagnose` on the bundled network and a tiny data set, and `foil toy diagnose`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{names, refusals::refuse, sample::model, succeed};

const SIDE: usize = 28;
const IMAGES: usize = 20;

/// Soft discs of different sizes, of classes 0 to 9 in turn.
fn set(folder: &Path) {
    let side = [0, 0, 0, SIDE as u8];
    let mut images = [[0, 0, 8, 3], [0, 0, 0, IMAGES as u8], side, side].concat();
    for index in 0..IMAGES {
        let reach = 4.0 + 0.4 * index as f64;
        images.extend((0..SIDE * SIDE).map(|place| {
            let [x, y] = [place % SIDE, place / SIDE].map(|at| at as f64 - 13.5);
            (255.0 / (1.0 + (x.hypot(y) - reach).exp())) as u8
        }));
    }
    let mut labels = [[0, 0, 8, 1], [0, 0, 0, IMAGES as u8]].concat();
    labels.extend((0..IMAGES).map(|index| (index % 10) as u8));
    fs::create_dir(folder.join("set")).unwrap();
    fs::write(folder.join("set/train-images-idx3-ubyte"), images).unwrap();
    fs::write(folder.join("set/train-labels-idx1-ubyte"), labels).unwrap();
}

fn levels(said: &str) -> Vec<Value> {
    let found: Value = serde_json::from_str(said).unwrap();
    found["levels"].as_array().unwrap().clone()
}

fn number(level: &Value, name: &str) -> f64 {
    level[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} of {level}"))
}

#[test]
fn the_errors_of_the_bundled_network_are_told_level_by_level() {
    let folder = tempfile::tempdir().unwrap();
    set(folder.path());
    let diagnose = "diagnose --model fashion --data set --images 20 --steps 4 --precision f32";
    let run = |rest: &str| succeed(folder.path(), &format!("{diagnose} {rest}"));
    let said = run("--guidance auto:2 --out auto --json");
    let out = folder.path().join("auto");
    assert_eq!(
        names(&out),
        [
            "angle.png",
            "angle.svg",
            "correlation.png",
            "correlation.svg",
            "diagnosis.json",
            "errors.png",
            "errors.svg"
        ]
    );
    let kept = fs::read_to_string(out.join("diagnosis.json")).unwrap();
    let [printed, kept]: [Value; 2] =
        [&said, &kept].map(|text| serde_json::from_str(text).unwrap());
    assert_eq!(printed, kept);
    assert_eq!(printed["guide-model"], "fashion-guide");
    let auto = levels(&said);
    assert_eq!(auto.len(), 4);
    assert!((number(&auto[0], "sigma") - 80.0).abs() < 1e-9);
    assert!((number(&auto[3], "sigma") - 0.002).abs() < 1e-9);
    for level in &auto {
        assert!(number(level, "difference") > 0.0);
        // The best weight leaves no more than there was.
        assert!(number(level, "error-left") <= 1.0, "{level}");
        let correlation = number(level, "correlation");
        assert!((0.5..1.0).contains(&correlation), "{level}");
    }
    assert_eq!(
        levels(&run("--guidance auto:3 --batch 7 --out b --json")),
        auto
    );

    // A flat density estimates the noisy image, whose error is the noise.
    let flat = levels(&run("--guidance truncate:2 --out flat --json"));
    for (flat, auto) in flat.iter().zip(&auto) {
        let sigma = number(flat, "sigma");
        assert!(
            (number(flat, "guide-error") / sigma - 1.0).abs() < 0.03,
            "{flat}"
        );
        assert_eq!(flat["main-error"], auto["main-error"]);
    }
    let table = run("--guidance bits(n=4):2 --out bits");
    assert!(table.contains("best w") && table.contains("bits(n=4)"));
    assert!(table.contains("errors from clean images"), "{table}");
    let svg = fs::read_to_string(folder.path().join("bits/errors.svg")).unwrap();
    assert!(svg.contains("bits(n=4)") && svg.contains("clean images"));
}

#[test]
fn what_cannot_be_diagnosed_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    set(folder.path());
    let diagnose = |rest: &str| format!("diagnose --data set --out d --offline {rest}");
    for (arguments, words) in [
        ("diagnose --out d".to_owned(), &["--data"][..]),
        (diagnose("--guidance auto:2+cfg:2"), &["one guide", "2"]),
        (diagnose("--guidance none"), &["one guide", "0"]),
        (diagnose("--guidance classifier:1"), &["classifier"]),
        (diagnose("--sampler euler"), &["--sampler", "no use"]),
        (diagnose("--class 3"), &["--class", "no use"]),
        (
            format!("diagnose --data gone --out d --model {}", model("main")),
            &["--guidance", "0"],
        ),
        (
            diagnose(&format!("--model {} --guidance self:2", model("main"))),
            &["28×28", "16×16"],
        ),
        ("diagnose --data gone --out d".to_owned(), &["gone"]),
    ] {
        refuse(folder.path(), &arguments, words);
    }
    assert_eq!(names(&folder.path().join("set")).len(), 2);
}

#[test]
fn on_the_toy_errors_are_from_the_ideal_denoiser() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| succeed(folder.path(), arguments);
    run("toy train --out main --width 24 --layers 2 --iterations 300");
    run("toy train --out guide --width 8 --layers 1 --iterations 40");
    let diagnose = "toy diagnose --model main/model.safetensors --samples 2000 --steps 5 --json";
    let guide = "--guide guide/model.safetensors";
    let auto = levels(&run(&format!("{diagnose} {guide} --out auto")));
    assert_eq!(auto.len(), 5);
    for level in &auto {
        assert!(number(level, "guide-error") > 0.0);
        assert!(number(level, "error-left") <= 1.0);
        // It differs from what even the ideal denoiser cannot know, which is of the data's size at the highest level.
        assert!(number(level, "main-error") < 0.3, "{level}");
    }
    let same = "--guide main/model.safetensors";
    for level in levels(&run(&format!("{diagnose} {same} --out same"))) {
        assert_eq!(level["difference"], 0.0);
        assert!(level["angle"].is_null() && level["best-weight"].is_null());
    }
    for (rest, words) in [
        ("--out d", &["--guide"][..]),
        ("--guidance dropout(p=0.1):2 --out d", &["images"]),
        ("--guidance classifier:1 --out d", &["classifier"]),
        ("--guidance auto:2+truncate:2 --out d", &["one guide"]),
    ] {
        refuse(folder.path(), &format!("{diagnose} {rest}"), words);
    }
}
