//! IDX files written byte by byte: what is read from them, and what is refused.

use std::{io::Write, path::PathBuf};

use flate2::{Compression, write::GzEncoder};
use foil_data::{Dataset, Fit, Flip, Kind, Limit, Options, Split};
use tempfile::TempDir;

use crate::files::{folder, open, pixels, refusal};

/// Image i of height 3 and width 2 has the pixels 10·i, 10·i + 1, …
const PIXELS: usize = 6;

fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(bytes);
    file
}

fn images(count: u32) -> Vec<u8> {
    let pixels =
        (0..count).flat_map(|image| (0..PIXELS as u32).map(move |pixel| 10 * image + pixel));
    idx(
        &[count, 3, 2],
        &pixels.map(|pixel| pixel as u8).collect::<Vec<u8>>(),
    )
}

fn labels(labels: &[u8]) -> Vec<u8> {
    idx(&[labels.len() as u32], labels)
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with one file of images, and its path.
fn single(bytes: Vec<u8>) -> (TempDir, PathBuf) {
    let folder = folder(&[("some-images.idx3-ubyte", bytes)]);
    let path = folder.path().join("some-images.idx3-ubyte");
    (folder, path)
}

#[test]
fn a_folder_has_two_parts_compressed_or_not() {
    let folder = folder(&[
        ("train-images-idx3-ubyte.gz", compressed(&images(4))),
        ("train-labels-idx1-ubyte", labels(&[3, 0, 3, 6])),
        ("t10k-images.idx3-ubyte", images(2)),
        ("t10k-labels.idx1-ubyte.gz", compressed(&labels(&[1, 0]))),
    ]);
    let train = open(folder.path());
    assert_eq!(
        (train.len(), train.shape(), train.classes()),
        (4, [1, 3, 2], 7)
    );
    assert_eq!(train.kind(), Kind::Pixels);
    let found: Vec<_> = (0..5).map(|index| train.label(index)).collect();
    assert_eq!(found, [Some(3), Some(0), Some(3), Some(6), None]);
    assert_eq!(pixels(&train, 2, Flip::None), [20, 21, 22, 23, 24, 25]);
    assert_eq!(
        pixels(&train, 2, Flip::Horizontal),
        [21, 20, 23, 22, 25, 24]
    );

    let options = Options {
        split: Split::Test,
        ..Options::default()
    };
    let test = Dataset::open(folder.path(), &options).unwrap();
    assert_eq!((test.len(), test.classes(), test.label(0)), (2, 2, Some(1)));
    assert!(train.skipped().is_empty() && test.skipped().is_empty());
}

#[test]
fn one_file_finds_its_labels_or_has_none() {
    let folder = folder(&[
        ("my-images-idx3-ubyte", images(3)),
        ("my-labels-idx1-ubyte.gz", compressed(&labels(&[0, 1, 0]))),
        ("other-images-idx3-ubyte", images(3)),
        ("plain", idx(&[1, 2, 1, 3], &[1, 2, 3, 4, 5, 6])),
    ]);
    assert_eq!(
        open(&folder.path().join("my-images-idx3-ubyte")).classes(),
        2
    );
    let unlabelled = open(&folder.path().join("other-images-idx3-ubyte"));
    assert_eq!((unlabelled.classes(), unlabelled.label(0)), (0, None));
    // Colours lie side by side in the file, and one after the other in what is read.
    let colours = open(&folder.path().join("plain"));
    assert_eq!(colours.shape(), [3, 2, 1]);
    assert_eq!(pixels(&colours, 0, Flip::None), [1, 4, 2, 5, 3, 6]);
}

#[test]
fn small_images_are_padded_and_large_ones_cropped_around_their_middle() {
    let (_folder, path) = single(images(2));
    let options = |resolution, fit| Options {
        resolution: Some(resolution),
        fit,
        ..Options::default()
    };
    let padded = Dataset::open(&path, &options(5, None)).unwrap();
    assert_eq!(padded.shape(), [1, 5, 5]);
    #[rustfmt::skip]
    let expected = [
        0, 0, 0, 0, 0,
        0, 10, 11, 0, 0,
        0, 12, 13, 0, 0,
        0, 14, 15, 0, 0,
        0, 0, 0, 0, 0,
    ];
    assert_eq!(pixels(&padded, 1, Flip::None), expected);
    #[rustfmt::skip]
    let mirrored = [
        0, 0, 0, 0, 0,
        0, 0, 11, 10, 0,
        0, 0, 13, 12, 0,
        0, 0, 15, 14, 0,
        0, 0, 0, 0, 0,
    ];
    assert_eq!(pixels(&padded, 1, Flip::Horizontal), mirrored);

    let cropped = Dataset::open(&path, &options(2, Some(Fit::Crop))).unwrap();
    assert_eq!(pixels(&cropped, 1, Flip::None), [10, 11, 12, 13]);
    for (resolution, fit) in [
        (2, None),
        (2, Some(Fit::Pad)),
        (3, Some(Fit::Crop)),
        (3, Some(Fit::Exact)),
    ] {
        let refused = refusal(&path, &options(resolution, fit));
        assert!(refused.contains("2×3 pixels where"), "{refused}");
    }
}

#[test]
fn a_limit_takes_the_part_that_edm2_takes() {
    let pixels = vec![0; 1000];
    let mut all = labels(&[0; 1000]);
    for (index, label) in all[8..].iter_mut().enumerate() {
        *label = (index % 251) as u8;
    }
    let folder = folder(&[
        ("train-images-idx3-ubyte", idx(&[1000, 1, 1], &pixels)),
        ("train-labels-idx1-ubyte", all),
    ]);
    let limit = |images, seed| Options {
        limit: Some(Limit { images, seed }),
        ..Options::default()
    };
    let part = Dataset::open(folder.path(), &limit(11, (1 << 31) + 3)).unwrap();
    let found: Vec<u32> = (0..part.len())
        .filter_map(|index| part.label(index))
        .collect();
    let expected = crate::order::golden()["part"].clone();
    let expected: Vec<u64> = serde_json::from_value(expected).unwrap();
    let expected: Vec<u32> = expected.iter().map(|index| (index % 251) as u32).collect();
    assert_eq!(found, expected);
    // Classes are those of the whole set, and more than there are is all.
    assert_eq!(part.classes(), 251);
    let whole = Dataset::open(folder.path(), &limit(1001, 3)).unwrap();
    assert_eq!(
        (whole.len(), whole.label(999)),
        (1000, Some((999 % 251) as u32))
    );
    assert!(refusal(folder.path(), &limit(0, 0)).contains("a limit of 0 images"));
}

#[test]
fn damaged_files_are_refused_by_what_is_wrong() {
    let mut flipped = compressed(&images(40));
    let place = flipped.len() - 8;
    flipped[place] ^= 1;
    let cut = compressed(&images(40));
    let cut = cut[..cut.len() - 12].to_vec();
    let long = [images(2), vec![0]].concat();
    let cases = [
        (b"PNG".to_vec(), "ends in the middle of its header"),
        (b"hello, world".to_vec(), "not an IDX file"),
        (Vec::new(), "ends in the middle of its header"),
        (
            vec![0, 0, 8, 3, 0, 0, 0, 9, 0],
            "ends in the middle of its header",
        ),
        (vec![0, 0, 13, 1, 0, 0, 0, 0], "whose numbers are not bytes"),
        (
            idx(&[2, 3, 2], &[0; 11]),
            "announces 2 × 3 × 2 bytes (12 in all), more than the file can hold",
        ),
        (compressed(&idx(&[2, 3, 2], &[0; 11])), "only 11 are there"),
        // A header that promises 4 GB behind a few bytes, and one beyond all numbers.
        (
            idx(&[65_535, 256, 255], &[0; 5]),
            "more than the file can hold",
        ),
        (
            compressed(&idx(&[65_535, 256, 255], &[0; 5])),
            "bytes (4278124800 in all), more than the file can hold",
        ),
        (idx(&[u32::MAX; 4], &[0; 5]), "more than 4 GiB are not read"),
        (long.clone(), "longer than the 2 × 3 × 2 bytes"),
        (compressed(&long), "longer than the 2 × 3 × 2 bytes"),
        (flipped, "damaged gzip file"),
        (cut, "damaged gzip file"),
        (labels(&[1, 2]), "its numbers are 2, not images"),
        (
            idx(&[1, 2, 2, 2], &[0; 8]),
            "its numbers are 1 × 2 × 2 × 2, not images",
        ),
        (idx(&[0, 3, 2], &[]), "no images"),
        (idx(&[5, 0, 2], &[]), "no images"),
    ];
    for (bytes, problem) in cases {
        let (_folder, path) = single(bytes);
        let refused = refusal(&path, &Options::default());
        assert!(refused.contains(problem), "{refused}, not {problem}");
        assert!(refused.contains("some-images"), "{refused}");
    }
}

#[test]
fn labels_that_do_not_belong_to_the_images_are_refused() {
    for (labels, problem) in [
        (labels(&[0, 1]), "2 labels for 3 images"),
        (images(3), "its numbers are 3 × 3 × 2, not a list of labels"),
        (b"x".to_vec(), "ends in the middle"),
    ] {
        let folder = folder(&[
            ("train-images-idx3-ubyte", images(3)),
            ("train-labels-idx1-ubyte", labels),
        ]);
        let refused = refusal(folder.path(), &Options::default());
        assert!(refused.contains("train-labels-idx1-ubyte: "), "{refused}");
        assert!(refused.contains(problem), "{refused}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let folder = folder(&[("t10k-images-idx3-ubyte", images(3))]);
    let missing = refusal(folder.path(), &Options::default());
    assert!(
        missing.contains("no 'train-images-idx3-ubyte'"),
        "{missing}"
    );
    let nowhere = refusal(&folder.path().join("nowhere"), &Options::default());
    assert!(nowhere.contains("nowhere"), "{nowhere}");
    let options = Options {
        split: Split::Test,
        ..Options::default()
    };
    let file = refusal(&folder.path().join("t10k-images-idx3-ubyte"), &options);
    assert!(
        file.contains("only a folder of IDX files has a test part"),
        "{file}"
    );
    for resolution in [0, 1 << 20] {
        let options = Options {
            resolution: Some(resolution),
            ..Options::default()
        };
        assert!(refusal(folder.path(), &options).contains("resolution of"));
    }
}

#[test]
fn questions_that_a_data_set_cannot_answer_are_errors() {
    let (_folder, path) = single(images(2));
    let dataset = open(&path);
    let ask = |index, length| dataset.pixels(index, Flip::None, &mut vec![0; length]);
    assert!(ask(1, 6).is_ok());
    assert_eq!(ask(2, 6).unwrap_err().to_string(), "image 2 of 2");
    assert!(
        ask(0, 5)
            .unwrap_err()
            .to_string()
            .contains("a buffer of 5 numbers")
    );
    let moments = dataset.moments(0, Flip::None, &mut [0.0; 12]);
    assert!(
        moments
            .unwrap_err()
            .to_string()
            .contains("data set of Pixels")
    );
}

#[test]
fn a_fingerprint_changes_with_anything_that_training_would_see() {
    let files = |images: Vec<u8>, classes: &[u8]| {
        folder(&[
            ("train-images-idx3-ubyte.gz", compressed(&images)),
            ("train-labels-idx1-ubyte", labels(classes)),
        ])
    };
    let print = |folder: &TempDir, options: Options| {
        Dataset::open(folder.path(), &options)
            .unwrap()
            .fingerprint()
    };
    let all = Options::default;
    let base = print(&files(images(3), &[0, 1, 2]), all());
    assert!(base.len() == 64 && base.chars().all(|digit| digit.is_ascii_hexdigit()));
    // Neither the place nor the compression counts.
    let plain = folder(&[
        ("train-images-idx3-ubyte", images(3)),
        (
            "train-labels-idx1-ubyte.gz",
            compressed(&labels(&[0, 1, 2])),
        ),
    ]);
    assert_eq!(print(&plain, all()), base);
    let mut other = images(3);
    *other.last_mut().unwrap() ^= 1;
    let resolution = |resolution| Options {
        resolution: Some(resolution),
        ..all()
    };
    let limit = |seed| Options {
        limit: Some(Limit { images: 2, seed }),
        ..all()
    };
    let different = [
        print(&files(other, &[0, 1, 2]), all()),
        print(&files(images(3), &[0, 2, 1]), all()),
        print(&files(images(2), &[0, 1]), all()),
        print(&files(images(3), &[0, 1, 2]), resolution(4)),
        print(&files(images(3), &[0, 1, 2]), limit(0)),
        base,
    ];
    for (place, print) in different.iter().enumerate() {
        assert!(!different[..place].contains(print), "{place}");
    }
}
