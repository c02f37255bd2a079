//! `foil data`: what it says of data sets, and the archives that it writes.

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{command, foil, interrupted, names, refusals::refuse, succeed};

/// A data set that an independent program wrote.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../data/tests/golden")
        .join(name)
}

fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(bytes);
    file
}

/// A folder of IDX files: 30 images of 4 × 6 pixels in 3 classes; all pixels of image i are 8·i. The test part is one white image.
fn set(folder: &Path) {
    let pixels: Vec<u8> = (0..30 * 24).map(|index| (index / 24 * 8) as u8).collect();
    let labels: Vec<u8> = (0..30).map(|index| index % 3).collect();
    for (name, file) in [
        ("train-images-idx3-ubyte", idx(&[30, 4, 6], &pixels)),
        ("train-labels-idx1-ubyte", idx(&[30], &labels)),
        ("t10k-images-idx3-ubyte", idx(&[1, 4, 6], &[255; 24])),
    ] {
        fs::create_dir_all(folder.join("set")).unwrap();
        fs::write(folder.join("set").join(name), file).unwrap();
    }
}

/// Size, channels and pixels of a PNG.
fn picture(path: &Path) -> (u32, u32, usize, Vec<u8>) {
    let file = BufReader::new(File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (
        frame.width,
        frame.height,
        frame.color_type.samples(),
        pixels,
    )
}

#[test]
fn inspect_tells_what_a_data_set_is() {
    let folder = tempfile::tempdir().unwrap();
    set(folder.path());
    let said: Value =
        serde_json::from_str(&succeed(folder.path(), "data inspect set --json")).unwrap();
    assert_eq!(said["kind"], "pixels");
    assert_eq!(
        (&said["images"], &said["shape"]),
        (&json!(30), &json!([1, 4, 6]))
    );
    assert_eq!(
        (&said["classes"], &said["images-of-class"]),
        (&json!(3), &json!([10, 10, 10]))
    );
    // Levels 0, 8, … 232: their mean is 116, their deviation 8·√((30² − 1)/12).
    let near = |key: &str, expected: f64| (said[key].as_f64().unwrap() - expected).abs() < 1e-6;
    assert!(near("mean", 116.0 / 127.5 - 1.0), "{said}");
    assert!(
        near(
            "standard-deviation",
            8.0 * (899.0_f64 / 12.0).sqrt() / 127.5
        ),
        "{said}"
    );
    assert_eq!(
        (&said["left-out"], &said["damaged"]),
        (&json!(0), &json!(0))
    );

    let text = succeed(
        folder.path(),
        "data inspect set --split test --resolution 8",
    );
    let said: toml::Table = text.parse().unwrap();
    assert_eq!(said["shape"].as_array().unwrap().len(), 3);
    assert_eq!(
        (said["images"].as_integer(), said["classes"].as_integer()),
        (Some(1), Some(0))
    );
    // 24 of 64 pixels are white, the others black.
    assert_eq!(said["mean"].as_float(), Some(-0.25));
    let fingerprint = |options: &str| {
        let said = succeed(folder.path(), &format!("data inspect set --json {options}"));
        serde_json::from_str::<Value>(&said).unwrap()["fingerprint"].clone()
    };
    assert_eq!(fingerprint(""), fingerprint(""));
    assert_ne!(
        fingerprint("--limit 20"),
        fingerprint("--limit 20 --seed 1")
    );
}

#[test]
fn inspect_names_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    for class in ["owl", "heron"] {
        fs::create_dir_all(images.join(class)).unwrap();
        for number in 0..4 {
            let name = ["grey.png", "colour.png", "palette.png", "photograph.jpg"][number];
            fs::copy(golden("images").join(name), images.join(class).join(name)).unwrap();
        }
    }
    for number in 0..7 {
        fs::write(images.join(format!("owl/{number}.png")), b"nothing").unwrap();
    }
    let whole = fs::read(golden("images/colour-alpha.png")).unwrap();
    fs::write(images.join("heron/cut.png"), &whole[..whole.len() / 2]).unwrap();
    let arguments = "data inspect images --grid grid.png";
    let output = foil(folder.path(), arguments);
    assert!(output.status.success());
    let said: toml::Table = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    assert_eq!(
        (said["left-out"].as_integer(), said["damaged"].as_integer()),
        (Some(7), Some(1))
    );
    assert_eq!(said["for-example"].as_array().unwrap().len(), 5);
    assert_eq!(said["images-of-class"]["heron"].as_integer(), Some(5));
    assert_eq!(said["images-of-class"]["owl"].as_integer(), Some(4));
    // Two rows of ten images of 13 × 9 pixels, of which some are not there.
    let (width, height, channels, pixels) = picture(&folder.path().join("grid.png"));
    assert_eq!((width, height, channels), (130, 18, 3));
    assert_eq!(pixels[pixels.len() - 3..], [255; 3]);
    assert!(pixels[..39].iter().any(|&level| level != 255));
}

#[test]
fn a_grid_has_a_row_for_each_class() {
    let folder = tempfile::tempdir().unwrap();
    set(folder.path());
    succeed(folder.path(), "data inspect set --grid grid.png");
    let (width, height, channels, pixels) = picture(&folder.path().join("grid.png"));
    assert_eq!((width, height, channels), (60, 12, 3));
    for row in 0..3 {
        let mut levels: Vec<u8> = (0..10)
            .map(|column| pixels[3 * (60 * 4 * row + 6 * column)])
            .collect();
        levels.sort_unstable();
        let expected: Vec<u8> = (0..10).map(|image| 8 * (3 * image + row as u8)).collect();
        assert_eq!(levels, expected);
    }
}

#[test]
fn convert_writes_an_archive_that_inspect_tells_the_same_of() {
    let folder = tempfile::tempdir().unwrap();
    set(folder.path());
    let said = succeed(
        folder.path(),
        "data convert set out.zip --resolution 8 --limit 12",
    );
    assert!(
        said.starts_with("out.zip: 12 images, 1 × 8 × 8, 3 classes, "),
        "{said}"
    );
    let inspect = |arguments: &str| {
        let said = succeed(folder.path(), &format!("data inspect {arguments} --json"));
        let mut said: Value = serde_json::from_str(&said).unwrap();
        said.as_object_mut().unwrap().remove("fingerprint");
        said
    };
    assert_eq!(inspect("out.zip"), inspect("set --resolution 8 --limit 12"));
    let first = fs::read(folder.path().join("out.zip")).unwrap();
    refuse(
        folder.path(),
        "data convert set out.zip",
        &["out.zip exists", "--force"],
    );
    succeed(
        folder.path(),
        "data convert set out.zip --resolution 8 --limit 12 --force",
    );
    assert_eq!(fs::read(folder.path().join("out.zip")).unwrap(), first);
    // An archive over itself, in another size.
    let said = succeed(
        folder.path(),
        "data convert out.zip out.zip --resolution 4 --fit adm --force",
    );
    assert!(
        said.starts_with("out.zip: 12 images, 1 × 4 × 4, 3 classes, "),
        "{said}"
    );
    assert_eq!(names(folder.path()), ["out.zip", "set"]);
}

#[test]
fn latents_are_inspected_and_converted_too() {
    let folder = tempfile::tempdir().unwrap();
    let latents = golden("latents.zip");
    let latents = latents.to_str().unwrap();
    let said: toml::Table = succeed(folder.path(), &format!("data inspect {latents}"))
        .parse()
        .unwrap();
    assert_eq!(
        (said["kind"].as_str(), said["images"].as_integer()),
        (Some("latents"), Some(3))
    );
    assert_eq!(said["channel-means"].as_array().unwrap().len(), 3);
    succeed(folder.path(), &format!("data convert {latents} out.zip"));
    refuse(
        folder.path(),
        "data inspect out.zip --grid grid.png",
        &["--grid needs pixels"],
    );
    refuse(
        folder.path(),
        "data inspect out.zip --resolution 5",
        &["out.zip", "cannot be brought to another size"],
    );
}

#[test]
fn what_is_no_data_set_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    set(folder.path());
    let place = folder.path();
    fs::create_dir(place.join("empty")).unwrap();
    fs::write(place.join("text"), b"hello, world").unwrap();
    fs::write(
        place.join("cut.zip"),
        &fs::read(golden("images.zip")).unwrap()[..900],
    )
    .unwrap();
    let before = names(place);
    for (arguments, words) in [
        ("data inspect nowhere", &["cannot access nowhere"][..]),
        ("data inspect empty", &["empty", "no images here"]),
        (
            "data inspect text",
            &["text: not an IDX file, and no zip archive either"],
        ),
        ("data inspect cut.zip", &["cut.zip: damaged zip archive"]),
        ("data inspect set --split both", &["both", "train, test"]),
        (
            "data inspect text --split test",
            &["only a folder of IDX files has a test part"],
        ),
        (
            "data inspect set --resolution 0",
            &["--resolution", "1 to 16384"],
        ),
        (
            "data inspect set --resolution 5",
            &["6×4 pixels where 5×5", "another fit"],
        ),
        (
            "data inspect set --resolution 5 --fit crop",
            &["6×4 pixels where 5×5"],
        ),
        ("data inspect set --fit pad", &["--resolution"]),
        (
            "data inspect set --resolution 5 --fit squeeze",
            &["squeeze", "pad, crop, adm"],
        ),
        ("data inspect set --limit 0", &["--limit"]),
        ("data inspect set --seed 1", &["--limit"]),
        ("data convert set out.tar", &["out.tar", ".zip"]),
        ("data convert set", &["OUT.zip"]),
        ("data convert text out.zip", &["text: not an IDX file"]),
        ("data convert set text/out.zip", &["text"]),
    ] {
        refuse(place, arguments, words);
    }
    assert_eq!(names(place), before);
}

#[cfg(unix)]
#[test]
fn an_interrupted_conversion_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let pixels = vec![7; 60_000 * 28 * 28];
    fs::write(
        folder.path().join("images"),
        idx(&[60_000, 28, 28], &pixels),
    )
    .unwrap();
    let child = command(
        folder.path(),
        "data convert images out.zip --resolution 512 --fit adm",
    )
    .stderr(std::process::Stdio::piped())
    .spawn()
    .unwrap();
    interrupted(child, 2);
    assert_eq!(names(folder.path()), ["images"]);
}
