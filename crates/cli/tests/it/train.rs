//! `foil train` on a tiny data set: killed, interrupted, continued, refused.

use std::{
    fs,
    path::Path,
    process::{Child, Output, Stdio},
    time::{Duration, Instant},
};

use safetensors::SafeTensors;
use serde_json::Value;

use crate::{command, foil, interrupt, names, refusals::refused, succeed};

pub const TRAIN: &str = "train --config tiny.toml --data set --out";

/// A network of one block at each of two sizes; 60 steps, with something to be written every few of them.
const SETTINGS: &str = r#"
[data]
mirror = true

[training]
images = 600
batch = 10
micro-batch = 7
seed = 5
precision = "bf16"
average-stds = [0.05, 0.10]
learning-rate = { reference = 0.01, decay-images = 400, ramp-images = 30 }

[intervals]
status = 30
state = 40
snapshot = 60
samples = 200

[task.denoiser.noise]
mean = -0.8
deviation = 1.2

[task.denoiser.network]
resolution = 8
channels = 1
labels = 3
model-channels = 16
channel-multipliers = [1, 2]
blocks = 1
attention-resolutions = [4]
head-channels = 16
uncertainty-channels = 16
"#;

fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(bytes);
    file
}

/// A folder with settings and 45 images of 8 × 8 pixels in 3 classes: columns, rows and diagonals that wander.
pub fn world() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pixel = |index: usize| {
        let (image, y, x) = (index / 64, index / 8 % 8, index % 8);
        let shift = 1 + image / 3 % 5;
        let lit = [x == shift, y == shift, x + y == 3 + shift][image % 3];
        if lit { 200 + image as u8 } else { 0 }
    };
    let pixels: Vec<u8> = (0..45 * 64).map(pixel).collect();
    let labels: Vec<u8> = (0..45).map(|image| image % 3).collect();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("set")).unwrap();
    let images = idx(&[45, 8, 8], &pixels);
    fs::write(at("set/train-images-idx3-ubyte"), images).unwrap();
    fs::write(at("set/train-labels-idx1-ubyte"), idx(&[45], &labels)).unwrap();
    fs::write(at("tiny.toml"), SETTINGS).unwrap();
    folder
}

/// Starts a run and waits for something in its folder.
fn start_until(folder: &Path, run: &str, there: impl Fn(&Path) -> bool) -> Child {
    let mut child = command(folder, &format!("{TRAIN} {run}"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let limit = Instant::now() + Duration::from_secs(100);
    while !there(&folder.join(run)) {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before it was stopped");
        assert!(Instant::now() < limit, "what is waited for never came");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// Whether a folder has something whose name begins so.
fn has(folder: &Path, beginning: &str) -> bool {
    folder.is_dir() && names(folder).iter().any(|name| name.starts_with(beginning))
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(folder.join(&name)).unwrap();
        (name, bytes)
    };
    names(folder).into_iter().map(read).collect()
}

/// The state's tensors as they lie in the file, and what else is said there but the time it took.
fn state(run: &Path) -> (Vec<u8>, Value) {
    let bytes = fs::read(run.join("state.safetensors")).unwrap();
    let (length, _) = SafeTensors::read_metadata(&bytes).unwrap();
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let said = header["__metadata__"].as_object_mut().unwrap();
    assert!(said.remove("elapsed").is_some());
    (bytes[8 + length..].to_vec(), header)
}

/// Lines of `stats.jsonl` but for the time it took.
fn stats(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("stats.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for key in ["elapsed-seconds", "images-per-second"] {
            assert!(line.as_object_mut().unwrap().remove(key).is_some());
        }
        line
    });
    lines.collect()
}

/// That two runs left the same.
fn assert_same(one: &Path, other: &Path) {
    assert!(state(one) == state(other), "other states");
    assert_eq!(stats(one), stats(other));
    assert_eq!(names(one), names(other));
    for part in ["snapshots", "samples"] {
        let (one, other) = (files(&one.join(part)), files(&other.join(part)));
        assert!(one == other, "other {part}");
    }
    let config = |run: &Path| fs::read_to_string(run.join("config.toml")).unwrap();
    assert_eq!(config(one), config(other));
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let folder = world();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    succeed(folder.path(), &format!("{TRAIN} whole"));
    let expected = [
        ".lock",
        "config.toml",
        "samples",
        "snapshots",
        "state.safetensors",
        "stats.jsonl",
        "stats.tfevents",
    ];
    assert_eq!(names(&whole), expected);
    assert_eq!(files(&whole.join("snapshots")).len(), 2 * 10);
    // Before the first state, after it, between two averages of a snapshot, after a picture.
    for (part, beginning) in [
        ("", "config.toml"),
        ("", "state.safetensors"),
        ("snapshots", "network-0000000180-0.050"),
        ("samples", "0000000400"),
    ] {
        let there = |run: &Path| has(&run.join(part), beginning);
        let mut child = start_until(folder.path(), "killed", there);
        child.kill().unwrap();
        child.wait().unwrap();
        let unfinished = !killed.join("samples/0000000600.png").exists();
        assert!(unfinished, "it was over before it could be killed");
    }
    // What a writer leaves that is killed while it writes.
    for part in ["", "snapshots", "samples"] {
        fs::write(killed.join(part).join(".foil-a1B2c3"), "half").unwrap();
    }
    succeed(folder.path(), &format!("{TRAIN} killed"));
    assert_same(&whole, &killed);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_saves_and_continues_to_the_same_bytes() {
    let folder = world();
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    succeed(folder.path(), &format!("{TRAIN} whole"));
    let first = |run: &Path| run.join("state.safetensors").exists();
    let child = start_until(folder.path(), "stopped", first);
    let output = interrupt(child);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    let (_, header) = state(&stopped);
    let images = header["__metadata__"]["images-seen"].as_str().unwrap();
    assert!((40..600).contains(&images.parse().unwrap()), "{images}");
    let last = format!("stopped after {images} images; the same command continues from there");
    assert!(said.trim_end().ends_with(&last), "{said}");
    succeed(folder.path(), &format!("{TRAIN} stopped"));
    assert_same(&whole, &stopped);
}

/// That a run was a refusal in one line after the one about the data.
fn refuse(folder: &Path, arguments: &str, words: &[&str]) {
    let mut output = foil(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    let said = match said.split_once('\n') {
        Some((data, after)) if data.ends_with(" classes") => after,
        _ => &said,
    };
    output.stderr = said.into();
    refused(output, arguments, words);
}

#[test]
fn what_cannot_be_trained_is_said_in_one_line_and_leaves_no_folder() {
    let folder = world();
    let at = |name: &str| folder.path().join(name);
    let set = |name: &str, file: &str, bytes: &[u8]| {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join(file), bytes).unwrap();
    };
    let images = fs::read(at("set/train-images-idx3-ubyte")).unwrap();
    let short = &images[..images.len() - 1];
    set("short", "train-images-idx3-ubyte", short);
    // A gzip file with one block, stored as it is, of which a half is there.
    let mut gzip = b"\x1F\x8B\x08\0\0\0\0\0\0\xFF\x01".to_vec();
    let length = images.len() as u16;
    gzip.extend([length, !length].iter().flat_map(|half| half.to_le_bytes()));
    gzip.extend(&images[..images.len() / 2]);
    set("zipped", "train-images-idx3-ubyte.gz", &gzip);
    set(
        "larger",
        "train-images-idx3-ubyte",
        &idx(&[2, 9, 7], &[0; 126]),
    );
    let mut text = SETTINGS.to_owned();
    text.insert_str(text.find("[intervals]").unwrap(), "pace = 3\n");
    fs::write(at("unknown.toml"), text).unwrap();
    let before = names(folder.path());
    let train = |rest: &str| format!("train --out run {rest}");
    for (arguments, words) in [
        (train("--config tiny.toml"), &["--data", "IDX"][..]),
        (train("--config tiny.toml --data gone"), &["gone"]),
        (
            train("--config tiny.toml --data short"),
            &["short/train-images-idx3-ubyte", "45 × 8 × 8", "more than"],
        ),
        (
            train("--config tiny.toml --data zipped"),
            &["zipped/train-images-idx3-ubyte.gz", "damaged gzip"],
        ),
        (
            train("--config tiny.toml --data larger"),
            &["[1, 9, 7]", "[1, 8, 8]"],
        ),
        (train("--config gone.toml --data set"), &["gone.toml"]),
        (
            train("--config unknown.toml --data set"),
            &["unknown.toml", "line 14, column 1", "`pace`", "`seed`"],
        ),
        (train("--preset nobody --data set"), &["nobody", "fashion"]),
        (train("--data set"), &["--preset"]),
        (
            train("--config tiny.toml --data set --batch 0"),
            &["--batch", "'0'", "1 to"],
        ),
        (
            train("--config tiny.toml --data set --learning-rate=-1"),
            &["learning-rate", "-1"],
        ),
        (
            "train-classifier --config tiny.toml --data set --out run".into(),
            &["foil train"],
        ),
        (
            "train --config tiny.toml --data set --out tiny.toml".into(),
            &["tiny.toml"],
        ),
    ] {
        refuse(folder.path(), &arguments, words);
        assert_eq!(names(folder.path()), before, "foil {arguments}");
    }
}

#[test]
fn a_folder_of_something_else_stays_as_it_is() {
    let folder = world();
    let at = |name: &str| folder.path().join(name);
    for (file, words) in [
        ("config.toml", &["line 1, column 1", "data"][..]),
        ("state.safetensors", &["no config.toml", "choose another"]),
        ("stats.jsonl", &["no config.toml", "choose another"]),
        ("snapshots/mine.pkl", &["snapshots", "no config.toml"]),
    ] {
        let path = at("other").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "kind = 3\n").unwrap();
        let words = [&["other", file.split('/').next().unwrap()], words].concat();
        refuse(folder.path(), &format!("{TRAIN} other"), &words);
        assert_eq!(names(&at("other")).len(), 1);
        assert_eq!(fs::read(&path).unwrap(), b"kind = 3\n");
        fs::remove_dir_all(at("other")).unwrap();
    }
}

#[test]
fn a_run_keeps_its_settings_its_data_and_its_folder() {
    let folder = world();
    let at = |name: &str| folder.path().join(name);
    succeed(folder.path(), &format!("{TRAIN} run --images 20"));
    let before = state(&at("run"));
    for (rest, words) in [
        ("--seed 6", &["training.seed is 5 there and 6 here"][..]),
        ("--precision f32", &["training.precision", "bf16", "f32"]),
        (
            "--batch 20",
            &["training.batch is 10 there and 20 here", "another folder"],
        ),
    ] {
        let arguments = format!("{TRAIN} run --images 40 {rest}");
        refuse(folder.path(), &arguments, words);
    }
    let labels = idx(&[45], &[2; 45]);
    let path = at("set/train-labels-idx1-ubyte");
    let own = fs::read(&path).unwrap();
    fs::write(&path, labels).unwrap();
    let longer = format!("{TRAIN} run --images 40");
    refuse(folder.path(), &longer, &["data.fingerprint"]);
    fs::write(&path, own).unwrap();
    assert!(state(&at("run")) == before);
    // Where the images are is kept, and how long it trains is free.
    let longer = "train --config tiny.toml --out run --images";
    let first = |run: &Path| has(&run.join("snapshots"), "network-0000000060");
    let mut child = start_until(folder.path(), "run", first);
    refuse(
        folder.path(),
        &format!("{longer} 30"),
        &["run", "another process is training in this folder"],
    );
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(folder.path(), &format!("{longer} 610"));
    assert_eq!(state(&at("run")).1["__metadata__"]["images-seen"], "610");
}

#[test]
fn a_dry_run_prints_the_settings_and_writes_nothing() {
    let folder = world();
    let before = names(folder.path());
    let Output { stdout, .. } = foil(
        folder.path(),
        "train --config tiny.toml --out run --seed 77 --images 601 --dry-run",
    );
    let said = String::from_utf8(stdout).unwrap();
    let settings: toml::Table = said.parse().unwrap();
    assert_eq!(settings["training"]["seed"].as_integer(), Some(77));
    let network = &settings["task"]["denoiser"]["network"];
    assert_eq!(network["model-channels"].as_integer(), Some(16));
    assert!(said.contains(" parameters, 61 steps"), "{said}");
    assert_eq!(names(folder.path()), before);
    // What is printed is a file of settings.
    fs::write(folder.path().join("printed.toml"), &said).unwrap();
    let again = succeed(
        folder.path(),
        "train --config printed.toml --out run --dry-run",
    );
    assert_eq!(again, said);
}

/// `RUN@LENGTH` is the network that `foil ema` writes, and `ema(std)` guides by one.
#[test]
fn averages_of_a_run_are_networks_by_name() {
    let folder = world();
    let path = folder.path();
    succeed(path, &format!("{TRAIN} run"));
    succeed(path, "ema run --std 0.07,0.12 --out files");
    let sample = |name: &str, more: &str| {
        let how = "--seeds 0-1 --steps 3 --precision f32 --raw";
        succeed(
            path,
            &format!("sample {more} {how} {name}.safetensors --out {name}"),
        );
        let bytes = fs::read(path.join(format!("{name}.safetensors"))).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        tensors.tensor("samples").unwrap().data().to_vec()
    };
    let file = "files/network-0000000-0.070.safetensors";
    let of_file = sample("a", &format!("--model {file}"));
    assert!(of_file == sample("b", "--model run@0.07"));
    assert!(of_file == sample("c", "--model run@0-0.07"));
    let guided = sample(
        "d",
        &format!(
            "--model {file} --guidance auto:2 --guide files/network-0000000-0.120.safetensors"
        ),
    );
    assert!(of_file != guided);
    assert!(guided == sample("e", "--model run@0.07 --guidance ema(std=0.12):2"));
    assert!(guided == sample("f", "--model run@0.07 --guidance auto:2 --guide run@0.12"));
    for (name, expected) in [
        ("run@x", "allowed is the EMA length"),
        ("run@5-0.07", "no snapshot at 5 thousand images"),
        ("run@0.9", "0.9"),
        ("run", "RUN@0.07"),
    ] {
        refuse(path, &format!("sample --model {name} --out x"), &[expected]);
    }
}
