//! `foil tune`: what it finds, that it continues, and that what it writes is a model.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::{
    names,
    refusals::refuse,
    succeed,
    train::{TRAIN, world},
};

const CLASSIFIER: &str = r#"
[data]

[training]
images = 400
batch = 20
micro-batch = 20
seed = 3
precision = "f32"
average-stds = [0.05, 0.10]
learning-rate = { reference = 0.01, decay-images = 400, ramp-images = 30 }

[intervals]
status = 100
state = 400
snapshot = 400
samples = 400

[task.classifier.network]
resolution = 8
channels = 1
labels = 3
model-channels = 8
channel-multipliers = [1, 2]
blocks = 1
attention-resolutions = []
head-channels = 16
uncertainty-channels = 0
"#;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// On the bundled networks: the budget is kept, the same command only reads, and the result is a model.
#[test]
fn a_search_keeps_its_budget_and_writes_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let command = "tune --sampler euler --steps 3 --least 10 --most 40 --budget 250 --images 30 --json \
        --method auto:W --method cfg:W@LO..HI --out out";
    let said = succeed(path, command);
    let trace = read(&said);
    let counts: Vec<u64> = serde_json::from_value(trace["counts"].clone()).unwrap();
    assert_eq!(counts, [10, 20, 40]);
    let tried = trace["tried"].as_array().unwrap();
    let made = |tried: &Value| counts[tried["losses"].as_array().unwrap().len() - 1];
    let images: u64 = tried.iter().map(made).sum();
    assert_eq!(trace["images"], images);
    assert!((230..=250).contains(&images), "{images}");
    // It begins with the model's own guidance, and looks at each method.
    assert_eq!(tried[0]["guidance"], "auto:2");
    let methods: BTreeSet<&str> = tried
        .iter()
        .map(|tried| tried["method"].as_str().unwrap())
        .collect();
    assert_eq!(
        methods.into_iter().collect::<Vec<_>>(),
        ["auto:W, fashion-guide", "cfg:W@LO..HI"]
    );
    // What is best was judged by the most images, and none of these is better.
    let best = &tried[trace["best"].as_u64().unwrap() as usize];
    let last = |tried: &Value| tried["losses"][counts.len() - 1].as_f64();
    let least = tried.iter().filter_map(last).fold(f64::INFINITY, f64::min);
    assert_eq!(last(best), Some(least));
    let checked = trace["checked"].as_array().unwrap();
    for checked in checked {
        let images = &checked["evaluation"]["manifest"]["images"];
        assert_eq!(
            images["source"]["seeds"], "1000000-1000029",
            "seeds that the search did not see"
        );
    }
    assert_eq!(checked.last().unwrap()["guidance"], best["guidance"]);
    let preset = fs::read_to_string(path.join("out/tuned.toml")).unwrap();
    assert!(
        preset.starts_with("# Found by foil tune for fd@"),
        "{preset}"
    );
    let settings = succeed(path, "sample --model out/tuned.toml --out x --dry-run");
    let (settings, _) = settings.split_once("# ").unwrap();
    assert!(preset.ends_with(settings), "{preset} {settings}");
    let out = names(&path.join("out"));
    for name in [
        "trace.json",
        "weights.png",
        "interval-low.svg",
        "interval-high.png",
    ] {
        assert!(out.iter().any(|found| found == name), "{out:?}");
    }
    let features = names(&path.join("out/trials/features"));
    // Of images that are searched by, each class has as many.
    let labels: Vec<Vec<u8>> = features
        .iter()
        .filter(|name| name.ends_with(".labels"))
        .map(|name| fs::read(path.join("out/trials/features").join(name)).unwrap())
        .collect();
    let searched = labels.iter().filter(|labels| labels.len() == 4 * 40);
    let mut seen = 0;
    for labels in searched {
        let mut counts = [0; 10];
        for label in labels.as_chunks::<4>().0 {
            counts[f32::from_le_bytes(*label) as usize] += 1;
        }
        assert_eq!(counts, [4; 10]);
        seen += 1;
    }
    assert!(seen > 0, "{features:?}");
    assert_eq!(succeed(path, command), said);
    assert_eq!(names(&path.join("out/trials/features")), features);
}

/// The main network's average, the guide's, and the guide's moment are looked for in runs.
#[test]
fn runs_are_searched_by_length_and_moment() {
    let folder = world();
    let path = folder.path();
    let more_often = |text: String| text.replace("snapshot = 60", "snapshot = 200");
    let settings = more_often(fs::read_to_string(path.join("tiny.toml")).unwrap());
    // Moments are told apart by thousands of images.
    let longer = settings.replace("images = 600", "images = 2400");
    fs::write(
        path.join("tiny.toml"),
        longer.replace("snapshot = 200", "snapshot = 1000"),
    )
    .unwrap();
    fs::write(path.join("classifier.toml"), CLASSIFIER).unwrap();
    succeed(path, &format!("{TRAIN} run"));
    succeed(
        path,
        "train-classifier --config classifier.toml --data set --out judge",
    );
    let command = "tune --model run --guide run --features judge@0.05 --reference set --metrics fd \
        --method auto:W --sampler euler --steps 3 --least 8 --most 16 --budget 160 --images 16 \
        --guidance auto:2 --json --out out";
    let trace = read(&succeed(path, command));
    let tried = trace["tried"].as_array().unwrap();
    let values = |key: &str| -> BTreeSet<String> {
        tried.iter().map(|tried| tried[key].to_string()).collect()
    };
    assert!(
        values("main-ema").len() > 3 && values("guide-ema").len() > 3,
        "{trace}"
    );
    // Snapshots after 1000, 2000 and 2400 images, of which the last two are called by the same thousand.
    assert_eq!(values("guide-kimg").len(), 2, "{trace}");
    for tried in tried {
        let name = |key: &str| tried[key].as_str().unwrap().to_owned();
        assert_eq!(name("model"), format!("run@{}", tried["main-ema"]));
        let guide = format!("run@{}-{}", tried["guide-kimg"], tried["guide-ema"]);
        assert_eq!(name("guide"), guide);
    }
    let out = names(&path.join("out"));
    for name in ["main-ema.png", "guide-ema.png", "guide-training.png"] {
        assert!(out.iter().any(|found| found == name), "{out:?}");
    }
    succeed(
        path,
        "sample --model out/tuned.toml --seeds 0 --steps 2 --out images",
    );
    assert_eq!(names(&path.join("images")), ["000000.png"]);
}

#[test]
fn what_cannot_be_searched_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        ("--method auto", "method 'auto'"),
        ("--method auto:W@LO", "method 'auto:W@LO'"),
        ("--weights 0.5..2", "above 1"),
        ("--weights 2..1", "LO < HI"),
        ("--model fashion-guide --method auto:W", "--guide MODEL"),
        (
            "--metrics prdc --budget 20 --least 10 --most 10 --steps 2 --sampler euler",
            "reference",
        ),
        ("--budget 5 --least 10 --most 20", "--budget 5"),
        ("--least 30 --most 20", "must rise"),
    ] {
        refuse(
            folder.path(),
            &format!("tune --out out {arguments}"),
            &[expected],
        );
    }
}
