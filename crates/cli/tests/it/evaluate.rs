//! `foil evaluate` on a tiny data set and a classifier that has learnt it.

use std::{
    fs::{self, File},
    path::Path,
};

use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

use crate::{
    command, interrupted, names,
    refusals::refuse,
    sample::{model, picture},
    succeed,
};

/// Height and width; the network's are two more.
const SIDE: usize = 6;
const IMAGES: usize = 45;
const CLASSES: usize = 3;

/// As `foil train-classifier` reads it.
const SETTINGS: &str = r#"
[data]
resolution = 8
fit = "pad"
[training]
images = 2400
batch = 24
micro-batch = 24
seed = 1
precision = "f32"
average-stds = [0.1]
learning-rate = { reference = 0.01, decay-images = 1000, ramp-images = 50 }
[intervals]
status = 2400
state = 2400
snapshot = 2400
samples = 2400
[task.classifier.network]
resolution = 8
channels = 1
labels = 3
model-channels = 16
channel-multipliers = [1, 2]
blocks = 1
attention-resolutions = []
head-channels = 16
uncertainty-channels = 0
"#;

fn class(index: usize) -> usize {
    // Unequal numbers of each.
    [0, 1, 2, 1, 2][index % 5]
}

/// A line from left to right, from top to bottom, or none, moved and dimmed.
fn image(index: usize) -> Vec<u8> {
    let (shift, light) = (1 + index / 5 % 4, 255 - index as u8);
    let lit = |place: usize| match class(index) {
        0 => place / SIDE == shift,
        1 => place % SIDE == shift,
        _ => false,
    };
    let places = 0..SIDE * SIDE;
    places
        .map(|place| if lit(place) { light } else { 0 })
        .collect()
}

/// Two sets of the same images: `set` says their classes, `wrong` says the class after each as its test part. The network is
/// `features.safetensors`.
fn world(folder: &Path) {
    let count = [0, 0, 0, IMAGES as u8];
    let side = [0, 0, 0, SIDE as u8];
    let mut images = [[0, 0, 8, 3], count, side, side].concat();
    images.extend((0..IMAGES).flat_map(image));
    let labels = |shift: usize| {
        let classes = (0..IMAGES).map(|index| ((class(index) + shift) % CLASSES) as u8);
        let mut labels = [[0, 0, 8, 1], count].concat();
        labels.extend(classes);
        labels
    };
    for (set, part, shift) in [("set", "train", 0), ("wrong", "t10k", 1)] {
        let set = folder.join(set);
        fs::create_dir(&set).unwrap();
        fs::write(set.join(format!("{part}-images-idx3-ubyte")), &images).unwrap();
        fs::write(set.join(format!("{part}-labels-idx1-ubyte")), labels(shift)).unwrap();
    }
    fs::write(folder.join("settings.toml"), SETTINGS).unwrap();
    succeed(
        folder,
        "train-classifier --config settings.toml --data set --out run",
    );
    let snapshots = folder.join("run/snapshots");
    let last = names(&snapshots).pop().unwrap();
    fs::rename(snapshots.join(last), folder.join("features.safetensors")).unwrap();
}

#[test]
fn accuracy_counts_the_images_that_get_their_class() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    let accuracy = "evaluate accuracy --features features.safetensors";
    let right = "\
class    images     right         %
    0         9         9    100.00
    1        18        18    100.00
    2        18        18    100.00
total        45        45    100.00
";
    let said = succeed(folder.path(), &format!("{accuracy} --data set"));
    assert_eq!(said, right);
    let said = succeed(
        folder.path(),
        &format!("{accuracy} --data set --precision bf16"),
    );
    assert_eq!(said, right);
    let wrong = format!("{accuracy} --data wrong --split test --json");
    let said: Value = serde_json::from_str(&succeed(folder.path(), &wrong)).unwrap();
    let line = |class: u32, images: u32| json!({ "class": class, "images": images, "right": 0, "percentage": 0.0 });
    assert_eq!(
        said,
        json!({
            "classes": [line(0, 18), line(1, 9), line(2, 18)],
            "images": 45, "right": 0, "percentage": 0.0,
        })
    );

    // Folders name the classes, and one file is not of the size.
    for (name, index, number) in [("bars", 1, 0), ("empty", 2, 1), ("empty", 4, 2)] {
        let inner = folder.path().join("named").join(name);
        fs::create_dir_all(&inner).unwrap();
        let file = inner.join(format!("{number}.png"));
        write_png(&file, 8, &padded(&image(index)), None);
    }
    let said = succeed(folder.path(), &format!("{accuracy} --data named"));
    let expected = "\
class    images     right         %
    0         1         0      0.00  bars
    1         2         0      0.00  empty
    2         0         0         –
total         3         0      0.00
";
    assert_eq!(said, expected);
}

/// In the middle of 8 × 8 pixels.
fn padded(image: &[u8]) -> Vec<u8> {
    let mut pixels = vec![0; 64];
    for (row, line) in image.chunks_exact(SIDE).enumerate() {
        pixels[8 * (row + 1) + 1..][..SIDE].copy_from_slice(line);
    }
    pixels
}

fn write_png(path: &Path, side: u32, pixels: &[u8], note: Option<&Value>) {
    let file = File::create(path).unwrap();
    let mut encoder = png::Encoder::new(file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    if let Some(note) = note {
        encoder
            .add_itxt_chunk("foil".to_owned(), note.to_string())
            .unwrap();
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
}

fn note(path: &Path) -> Value {
    let file = std::io::BufReader::new(File::open(path).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    let chunks = &reader.info().utf8_text;
    let chunk = chunks.iter().find(|chunk| chunk.keyword == "foil").unwrap();
    serde_json::from_str(&chunk.get_text().unwrap()).unwrap()
}

#[test]
fn accuracy_reads_the_classes_of_samples_in_their_notes() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    let at = |name: &str| folder.path().join(name);
    let main = model("main");
    let sample = format!("sample --model {main} --steps 1 --seeds 0-3,1000 --subfolders");
    succeed(folder.path(), &format!("{sample} --class 1 --out images"));
    let accuracy = "evaluate accuracy --features features.safetensors --images";
    let first = at("images/000000/000000.png");
    assert_eq!(picture(&first).0, 16);
    refuse(
        folder.path(),
        &format!("{accuracy} images"),
        &["[3, 16, 16]", "[1, 8, 8]"],
    );

    // The same notes on images that the classifier knows: classes 0, 1, 2, 1 with the first and the last called by another.
    let mut written = note(&first);
    assert_eq!(written["drawn-class"], 1);
    for (seed, class) in [(0, 1), (1, 1), (2, 2), (3, 0)] {
        written["drawn-class"] = json!(class);
        let path = at(&format!("images/000000/{seed:06}.png"));
        write_png(&path, 8, &padded(&image(seed)), Some(&written));
    }
    written["drawn-class"] = json!(2);
    let last = at("images/001000/001000.png");
    write_png(&last, 8, &padded(&image(4)), Some(&written));
    // Neither a sheet nor what lies elsewhere is an image of a seed.
    fs::copy(&first, at("images/grid.png")).unwrap();
    fs::copy(&first, at("images/1.png")).unwrap();
    fs::copy(&first, at("images/001000/000001.png")).unwrap();
    let expected = "\
class    images     right         %
    0         1         0      0.00
    1         2         1     50.00
    2         2         2    100.00
total         5         3     60.00
";
    let said = succeed(folder.path(), &format!("{accuracy} images"));
    assert_eq!(said, expected);

    written.as_object_mut().unwrap().remove("drawn-class");
    write_png(&last, 8, &padded(&image(4)), Some(&written));
    refuse(
        folder.path(),
        &format!("{accuracy} images"),
        &["001000.png was made without a class"],
    );
    write_png(&last, 8, &padded(&image(4)), None);
    refuse(
        folder.path(),
        &format!("{accuracy} images"),
        &["001000.png is no image made by `foil sample`"],
    );
    written["drawn-class"] = json!(3);
    write_png(&last, 8, &padded(&image(4)), Some(&written));
    refuse(
        folder.path(),
        &format!("{accuracy} images"),
        &["class 3", "0 to 2"],
    );
    written["drawn-class"] = json!(2);
    write_png(&last, 6, &image(4), Some(&written));
    refuse(
        folder.path(),
        &format!("{accuracy} images"),
        &["001000.png is [1, 6, 6]", "[1, 8, 8]"],
    );
}

#[test]
fn reference_writes_the_same_statistics_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    let reference = "evaluate reference wrong --split test --features features.safetensors";
    let run = |out: &str, threads: &str| {
        let mut command = command(folder.path(), &format!("{reference} --out {out}"));
        let output = command.env("RAYON_NUM_THREADS", threads).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && output.stdout.is_empty(),
            "{said}"
        );
        let line =
            format!("{out}: 45 images of wrong, test part, 32 features of features.safetensors");
        assert_eq!(said.lines().last(), Some(line.as_str()));
        fs::read(folder.path().join(out)).unwrap()
    };
    let bytes = run("one.safetensors", "1");
    assert_eq!(bytes, run("new/three.safetensors", "3"));

    let file = SafeTensors::deserialize(&bytes).unwrap();
    let doubles = |name: &str, shape: &[usize]| -> Vec<f64> {
        let tensor = file.tensor(name).unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F64, shape));
        let (numbers, _) = tensor.data().as_chunks();
        numbers
            .iter()
            .map(|bytes| f64::from_le_bytes(*bytes))
            .collect()
    };
    let (mean, covariance) = (doubles("mean", &[32]), doubles("covariance", &[32, 32]));
    assert!(mean.iter().all(|mean| mean.is_finite()));
    assert!((0..32).all(|feature| covariance[33 * feature] >= 0.0));
    assert!(covariance.iter().any(|number| *number > 1e-6));
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap();
    let said = |key: &str| metadata[&format!("foil.{key}")].clone();
    assert_eq!(
        ["kind", "images", "network", "precision", "data"].map(said),
        [
            "statistics",
            "45",
            "features.safetensors",
            "f32",
            "wrong, test part"
        ]
    );
    let inspected = "data inspect wrong --split test --resolution 8 --json";
    let inspected: Value = serde_json::from_str(&succeed(folder.path(), inspected)).unwrap();
    assert_eq!(said("data-fingerprint"), inspected["fingerprint"]);

    // The labels are no part of the features: the same images have the same moments.
    let other = "evaluate reference set --features features.safetensors --out set.safetensors";
    succeed(folder.path(), other);
    let other = fs::read(folder.path().join("set.safetensors")).unwrap();
    let other = SafeTensors::deserialize(&other).unwrap();
    for name in ["mean", "covariance"] {
        let (here, there) = (file.tensor(name).unwrap(), other.tensor(name).unwrap());
        assert_eq!(here.data(), there.data());
    }
    refuse(
        folder.path(),
        &format!("{reference} --out one.safetensors"),
        &["one.safetensors exists", "--force"],
    );
    succeed(
        folder.path(),
        &format!("{reference} --out one.safetensors --force"),
    );
}

#[test]
fn what_cannot_be_judged_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    let place = folder.path();
    fs::create_dir(place.join("nothing")).unwrap();
    fs::create_dir(place.join("plain")).unwrap();
    write_png(&place.join("plain/a.png"), 8, &[9; 64], None);
    fs::write(place.join("noise"), b"this is no model").unwrap();
    let main = model("main");
    let before = names(place);
    let features = "--features features.safetensors";
    for (arguments, words) in [
        (
            "evaluate accuracy --data set".to_owned(),
            &["--features"][..],
        ),
        (
            format!("evaluate accuracy {features}"),
            &["--data", "--images"],
        ),
        (
            format!("evaluate accuracy {features} --data set --images nothing"),
            &["--data", "--images"],
        ),
        (
            format!("evaluate accuracy {features} --images nothing --split test"),
            &["--split and --fit are for --data"],
        ),
        (
            format!("evaluate accuracy {features} --images nothing"),
            &["nothing: no images of `foil sample`"],
        ),
        (
            format!("evaluate accuracy {features} --images gone"),
            &["cannot read gone"],
        ),
        (
            format!("evaluate accuracy {features} --data plain"),
            &["plain has no labels"],
        ),
        (
            "evaluate accuracy --features noise --data set".into(),
            &["noise"],
        ),
        (
            "evaluate accuracy --features gone.safetensors --data set".into(),
            &["cannot read gone.safetensors"],
        ),
        (
            format!("evaluate reference set --features {main} --out o.safetensors"),
            &["is no classifier", "foil inspect"],
        ),
        (
            format!("evaluate reference set {features} --out o.npz"),
            &["o.npz", "inception only", "features.safetensors"],
        ),
        (
            format!("evaluate reference set {features} --out o.pkl"),
            &["o.pkl", "inception and dinov2 only", ".safetensors"],
        ),
        (
            format!("evaluate reference nothing {features} --out o.safetensors"),
            &["nothing", "no images"],
        ),
        (
            format!("evaluate reference plain {features} --out o.safetensors"),
            &["1 images have no covariance"],
        ),
        (
            format!("evaluate reference set {features} --fit exact --out o.safetensors"),
            &["6×6 pixels where 8×8 are needed"],
        ),
        (
            format!("evaluate reference set {features} --out noise/o.safetensors"),
            &["noise"],
        ),
    ] {
        refuse(place, &arguments, words);
    }
    assert_eq!(names(place), before);
}

#[cfg(unix)]
#[test]
fn an_interrupted_reference_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    // 600,000 images.
    let mut images = vec![0, 0, 8, 3, 0, 9, 39, 192, 0, 0, 0, 6, 0, 0, 0, 6];
    images.resize(images.len() + 600_000 * SIDE * SIDE, 7);
    fs::write(folder.path().join("many"), images).unwrap();
    let before = names(folder.path());
    let reference = "evaluate reference many --features features.safetensors";
    let child = command(folder.path(), &format!("{reference} --out o.safetensors"))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    interrupted(child, 1);
    assert_eq!(names(folder.path()), before);
}

#[test]
fn robustness_tables_what_operations_do() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    let command = "evaluate robustness set --features features.safetensors --metrics fd,accuracy";
    let said = succeed(folder.path(), command);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "features of features.safetensors");
    assert!(lines[1].contains("accuracy") && lines[1].contains("fd"));
    assert!(lines[2].starts_with("as they are"));
    // Grey images have no colours to be changed.
    assert_eq!(lines.len(), 2 + 1 + 24, "{said}");
    let json: Value =
        serde_json::from_str(&succeed(folder.path(), &format!("{command} --json"))).unwrap();
    assert_eq!(json["images"], 22);
    let distance = |operation: &str| {
        let lines = json["operations"].as_array().unwrap();
        let line = lines
            .iter()
            .find(|line| line["operation"] == operation)
            .unwrap();
        line["results"]["fd@features.safetensors"].as_f64().unwrap()
    };
    assert!(distance("blur, σ = 2 pixels") > 2.0 * distance("as they are"));
}

#[test]
fn a_data_set_is_compared_by_every_metric() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path());
    // More images, so that the kernel distance has its blocks.
    let many = folder.path().join("many");
    fs::create_dir(&many).unwrap();
    for index in 0..90 {
        let file = many.join(format!("{index:02}.png"));
        let mut pixels = padded(&image(index % IMAGES));
        pixels[index % 8] = index as u8;
        write_png(&file, 8, &pixels, None);
    }
    let metrics = "fd,fd-infinity,kd,pr,prdc,class-score,memorisation";
    let command = format!(
        "evaluate --images many --reference many --training set --features features.safetensors --metrics {metrics} --json"
    );
    let said: Value = serde_json::from_str(&succeed(folder.path(), &command)).unwrap();
    let results = &said["evaluations"][0]["results"];
    let number = |name: &str| {
        let number = &results[format!("{name}@features.safetensors")]["value"];
        number
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {results}"))
    };
    // The same images: each lies in its own ball.
    assert!(number("fd").abs() < 1e-6);
    for name in [
        "precision",
        "recall",
        "precision-k5",
        "recall-k5",
        "coverage",
    ] {
        assert!((number(name) - 1.0).abs() < 1e-12, "{name}");
    }
    assert!(number("density") >= 1.0);
    assert!(number("class-score") > 1.0);
    assert!(number("nearest-training") >= 0.0);
    let own = number("nearest-training-of-reference");
    assert!((number("nearest-training") - own).abs() < 1e-12);
    number("fd-infinity");
    number("kd");
    // One image again and again says nothing.
    let same = folder.path().join("same");
    fs::create_dir(&same).unwrap();
    for index in 0..20 {
        write_png(&same.join(format!("{index}.png")), 8, &[9; 64], None);
    }
    let command =
        "evaluate --images same --reference many --features features.safetensors --metrics fd";
    let output = crate::foil(folder.path(), command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("all 20 images have the same features"),
        "{said}"
    );
}
