//! Folders of images: which files are taken, in what order, with what labels.

use std::fs;

use foil_data::{Dataset, Fit, Flip, Limit, Options, Split};
use png::ColorType::{Grayscale, Rgb};

use crate::files::{folder, labels, names, open, pixels, png, refusal, skipped};

fn image(start: u8) -> Vec<u8> {
    png(2, 3, Grayscale, start)
}

fn described(json: &str) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("b/1.png", image(1)),
        ("a.png", image(2)),
        ("b/0.png", image(3)),
        ("dataset.json", json.as_bytes().to_vec()),
    ]
}

#[test]
fn folders_are_classes_in_the_order_of_their_names() {
    let files = folder(&[
        ("zebra/1.png", image(0)),
        ("ape/x/2.png", image(6)),
        ("ape/10.PNG", image(12)),
        ("lion/3.png", image(18)),
    ]);
    let dataset = open(files.path());
    assert_eq!(
        names(&dataset),
        ["ape/10.PNG", "ape/x/2.png", "lion/3.png", "zebra/1.png"]
    );
    assert_eq!(labels(&dataset), [Some(0), Some(0), Some(1), Some(2)]);
    assert_eq!((dataset.classes(), dataset.shape()), (3, [1, 2, 3]));
    let classes: Vec<_> = (0..4).map(|class| dataset.class_name(class)).collect();
    assert_eq!(classes, [Some("ape"), Some("lion"), Some("zebra"), None]);
    assert_eq!(pixels(&dataset, 2, Flip::None), [18, 19, 20, 21, 22, 23]);
    assert_eq!(
        pixels(&dataset, 2, Flip::Horizontal),
        [20, 19, 18, 23, 22, 21]
    );
    assert_eq!(dataset.name(4), None);
}

#[test]
fn one_folder_none_and_numbered_ones_are_no_classes() {
    for files in [
        folder(&[("all/0.png", image(0)), ("all/1.png", image(0))]),
        folder(&[("0.png", image(0)), ("1.png", image(0))]),
        folder(&[
            ("00000/img00000999.png", image(0)),
            ("00001/img00001000.png", image(0)),
        ]),
    ] {
        let dataset = open(files.path());
        assert_eq!(
            (dataset.len(), dataset.classes(), dataset.label(0)),
            (2, 0, None)
        );
    }
    // Digits alone do not make a numbered folder.
    let files = folder(&[
        ("00000/img00000999.png", image(0)),
        ("00001/img00002000.png", image(0)),
    ]);
    assert_eq!(open(files.path()).classes(), 2);
}

#[test]
fn a_description_gives_labels_whatever_the_folders_are() {
    let json = r#"{"labels": [["b/0.png", 6], ["a.png", 2], ["b/1.png", 0.0], ["gone.png", 9]]}"#;
    let dataset = open(folder(&described(json)).path());
    assert_eq!(names(&dataset), ["a.png", "b/0.png", "b/1.png"]);
    assert_eq!(labels(&dataset), [Some(2), Some(6), Some(0)]);
    assert_eq!((dataset.classes(), dataset.class_name(0)), (7, None));

    let none = open(folder(&described(r#"{"labels": null}"#)).path());
    assert_eq!((none.len(), none.classes()), (3, 0));

    let json = r#"{"labels": [["a.png", [0, 0, 1, 0]], ["b/0.png", [1, 0, 0, 0]], ["b/1.png", [0, 1.0, 0, 0]]]}"#;
    let vectors = open(folder(&described(json)).path());
    assert_eq!(labels(&vectors), [Some(2), Some(0), Some(1)]);
    assert_eq!(vectors.classes(), 4);
}

#[test]
fn descriptions_that_cannot_be_right_are_refused() {
    let rest = r#"["b/0.png", 6], ["b/1.png", 0]]}"#;
    for (json, problem) in [
        (format!(r#"{{"labels": [{rest}"#), "no label for 'a.png'"),
        (
            format!(r#"{{"labels": [["a.png", -1], {rest}"#),
            "the label of 'a.png' is -1, not a whole number",
        ),
        (
            format!(r#"{{"labels": [["a.png", 0.5], {rest}"#),
            "is 0.5, not a whole number",
        ),
        (
            format!(r#"{{"labels": [["a.png", 1e9], {rest}"#),
            "is 1000000000, not a whole number from 0 to 1048575",
        ),
        (
            format!(r#"{{"labels": [["a.png", [0.5, 0.5]], {rest}"#),
            "is a vector that names no class",
        ),
        (
            format!(r#"{{"labels": [["a.png", [1, 1]], {rest}"#),
            "is a vector that names no class",
        ),
        (
            format!(r#"{{"labels": [["a.png", [0, 1]], {rest}"#),
            "'b/0.png' is another form than the first label",
        ),
        ("[1, 2]".to_owned(), "expected is {\"labels\": "),
        (
            r#"{"labels": [["a.png"#.to_owned(),
            "expected is {\"labels\": ",
        ),
    ] {
        let files = folder(&described(&json));
        let refused = refusal(files.path(), &Options::default());
        assert!(refused.contains("dataset.json: "), "{refused}");
        assert!(refused.contains(problem), "{refused}, not {problem}");
    }
}

#[test]
fn what_cannot_be_an_image_of_the_set_is_skipped_and_named() {
    let files = folder(&[
        ("a/0.png", image(0)),
        ("a/1.png", png(3, 2, Grayscale, 0)),
        ("a/2.png", b"not an image".to_vec()),
        ("a/3.png", Vec::new()),
        ("a/4.png", image(0)[..20].to_vec()),
        ("b/5.png", image(4)),
        ("b/6.png", png(2, 3, Rgb, 7)),
        ("c/7.png", png(5, 5, Grayscale, 0)),
        ("d/8.png", image(3)),
        ("notes.txt", b"hello".to_vec()),
    ]);
    let dataset = open(files.path());
    assert_eq!(
        names(&dataset),
        ["a/0.png", "b/5.png", "b/6.png", "d/8.png"]
    );
    // The class of which nothing is left keeps its number.
    assert_eq!(labels(&dataset), [Some(0), Some(1), Some(1), Some(3)]);
    assert_eq!(dataset.classes(), 4);
    let skipped = skipped(&dataset);
    let expected = [
        ("a/1.png", "2×3 pixels where 3×2 are needed"),
        (
            "a/2.png",
            "neither a PNG nor a JPEG nor a WebP image, nor an array of numpy",
        ),
        ("a/3.png", "an empty file"),
        ("a/4.png", "damaged PNG: "),
        ("c/7.png", "5×5 pixels where 3×2 are needed"),
        ("notes.txt", "not an image that can be read"),
    ];
    assert_eq!(skipped.len(), expected.len(), "{skipped:?}");
    for ((path, reason), (expected_path, expected_reason)) in skipped.iter().zip(expected) {
        assert_eq!(path, expected_path);
        assert!(reason.starts_with(expected_reason), "{path}: {reason}");
    }
    // Rec. 601 by hand: 0.299·7 + 0.587·8 + 0.114·9 = 7.815.
    assert_eq!(pixels(&dataset, 2, Flip::None)[0], 8);
}

#[test]
fn fits_decide_which_sizes_can_be_used() {
    let files = folder(&[
        ("0.png", png(4, 4, Grayscale, 0)),
        ("1.png", png(2, 3, Grayscale, 0)),
        ("2.png", png(9, 7, Grayscale, 0)),
        ("3.png", png(1, 100, Grayscale, 0)),
    ]);
    let open = |fit| {
        let options = Options {
            resolution: Some(4),
            fit,
            ..Options::default()
        };
        Dataset::open(files.path(), &options).unwrap()
    };
    assert_eq!(names(&open(None)), ["0.png"]);
    assert_eq!(names(&open(Some(Fit::Pad))), ["0.png", "1.png"]);
    assert_eq!(names(&open(Some(Fit::Crop))), ["0.png", "2.png"]);
    let adm = open(Some(Fit::CropAdm));
    assert_eq!(names(&adm), ["0.png", "1.png", "2.png"]);
    assert!(skipped(&adm)[0].1.contains("100×1 pixels"));
    assert_eq!(adm.shape(), [1, 4, 4]);
    let cropped = pixels(&open(Some(Fit::Crop)), 1, Flip::None);
    assert_eq!(cropped[..5], [15, 16, 17, 18, 22]);
}

#[test]
fn adms_crop_is_pillows_through_the_whole_path() {
    let source = fs::read(crate::files::golden("resize.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&source).unwrap();
    let image = tensors.tensor("colour.source").unwrap();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 46, 31);
    encoder.set_color(Rgb);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(image.data())
        .unwrap();
    let options = Options {
        resolution: Some(7),
        fit: Some(Fit::CropAdm),
        ..Options::default()
    };
    let folder = folder(&[("0.png", file)]);
    let dataset = Dataset::open(folder.path(), &options).unwrap();
    let found = pixels(&dataset, 0, Flip::None);
    let expected = tensors.tensor("colour.adm.7").unwrap();
    for (index, &level) in expected.data().iter().enumerate() {
        assert_eq!(found[index % 3 * 49 + index / 3], level);
    }
}

#[test]
fn folders_that_hold_no_data_set_say_why() {
    let empty = folder(&[("readme.txt", b"hello".to_vec())]);
    assert!(refusal(empty.path(), &Options::default()).contains("no images here"));
    let broken = folder(&[("0.png", b"broken".to_vec()), ("z.txt", b"x".to_vec())]);
    let refused = refusal(broken.path(), &Options::default());
    assert!(
        refused.contains("none of its 1 images can be used; '0.png': neither a PNG"),
        "{refused}"
    );
    let good = folder(&[("0.png", image(0))]);
    let options = Options {
        split: Split::Test,
        ..Options::default()
    };
    assert!(refusal(good.path(), &options).contains("only a folder of IDX files has a test part"));
    let options = Options {
        fit: Some(Fit::Pad),
        ..Options::default()
    };
    assert!(refusal(good.path(), &options).contains("a fit needs a resolution"));
}

#[test]
fn an_image_that_changes_after_the_data_set_was_opened_is_an_error() {
    let files = folder(&[("0.png", image(0)), ("1.png", image(6))]);
    let dataset = open(files.path());
    let fingerprint = dataset.fingerprint();
    assert_eq!(open(files.path()).fingerprint(), fingerprint);
    let path = files.path().join("1.png");
    let read = || {
        dataset
            .pixels(1, Flip::None, &mut [0; 6])
            .unwrap_err()
            .to_string()
    };
    // Other contents of the same size change the fingerprint of a small set.
    fs::write(&path, image(7)).unwrap();
    assert_ne!(open(files.path()).fingerprint(), fingerprint);
    fs::write(&path, png(3, 2, Grayscale, 0)).unwrap();
    assert!(read().contains("1.png: 2×3 pixels where 3×2"), "{}", read());
    fs::write(&path, b"gone").unwrap();
    assert!(read().contains("1.png: neither a PNG"), "{}", read());
    fs::remove_file(&path).unwrap();
    assert!(read().contains("cannot access"), "{}", read());
}

#[test]
fn a_limit_counts_only_images_that_can_be_used() {
    let mut files: Vec<(String, Vec<u8>)> = (0..9)
        .map(|number| (format!("{number}.png"), image(number)))
        .collect();
    files.push(("10.png".to_owned(), b"broken".to_vec()));
    let files: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|(name, file)| (name.as_str(), file.clone()))
        .collect();
    let files = folder(&files);
    let options = |images| Options {
        limit: Some(Limit { images, seed: 1 }),
        ..Options::default()
    };
    let part = Dataset::open(files.path(), &options(4)).unwrap();
    let (mut sorted, found) = (names(&part), names(&part));
    sorted.sort();
    assert_eq!((found.len(), &found), (4, &sorted));
    for (index, name) in found.iter().enumerate() {
        assert_eq!(
            pixels(&part, index, Flip::None)[0].to_string() + ".png",
            *name
        );
    }
    assert_eq!(Dataset::open(files.path(), &options(10)).unwrap().len(), 9);
}
