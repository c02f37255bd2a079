//! numpy's archives of images: as numpy writes them, and as they should not be.

use std::{
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use foil_data::{Dataset, Fit, Flip, Kind, Limit, Options};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// The script's.
fn level(image: usize, [channel, row, column]: [usize; 3]) -> u8 {
    (37 * image + 11 * row + 5 * column + 83 * channel) as u8
}

fn pixels(dataset: &Dataset, index: usize, flip: Flip) -> Vec<u8> {
    let mut pixels = vec![0; dataset.shape().iter().product()];
    dataset.pixels(index, flip, &mut pixels).unwrap();
    pixels
}

fn expected(image: usize, place: impl Fn(usize) -> usize) -> Vec<u8> {
    let places = (0..3 * 4 * 5).map(|index| [index / 20, index / 5 % 4, place(index % 5)]);
    places.map(|place| level(image, place)).collect()
}

#[test]
fn samples_are_read_plain_and_compressed() {
    for name in ["samples.npz", "samples-deflated.npz"] {
        let dataset = Dataset::open(&golden(name), &Options::default()).unwrap();
        assert_eq!((dataset.len(), dataset.kind()), (7, Kind::Pixels));
        assert_eq!((dataset.shape(), dataset.classes()), ([3, 4, 5], 4));
        assert!(dataset.skipped().is_empty());
        let labels: Vec<u32> = (0..7).filter_map(|index| dataset.label(index)).collect();
        assert_eq!(labels, [3, 0, 3, 1, 0, 0, 1]);
        for index in 0..7 {
            let own = expected(index, |column| column);
            assert_eq!(pixels(&dataset, index, Flip::None), own, "{name}");
        }
        let mirrored = expected(6, |column| 4 - column);
        assert_eq!(pixels(&dataset, 6, Flip::Horizontal), mirrored);
        assert_eq!(dataset.name(2).as_deref(), Some("2"));
    }
}

#[test]
fn options_and_fingerprints_are_those_of_other_sets() {
    let open = |name: &str, options: &Options| Dataset::open(&golden(name), options);
    let limit = Options {
        limit: Some(Limit { images: 3, seed: 5 }),
        ..Options::default()
    };
    let some = open("samples.npz", &limit).unwrap();
    assert_eq!(some.len(), 3);
    for index in 0..3 {
        let name: usize = some.name(index).unwrap().parse().unwrap();
        let own = expected(name, |column| column);
        assert_eq!(pixels(&some, index, Flip::None), own);
    }
    let padded = Options {
        resolution: Some(8),
        fit: Some(Fit::Pad),
        ..Options::default()
    };
    let padded = open("samples.npz", &padded).unwrap();
    assert_eq!(padded.shape(), [3, 8, 8]);
    // Two rows above, one column on the left.
    assert_eq!(
        pixels(&padded, 1, Flip::None)[2 * 8 + 1],
        level(1, [0, 0, 0])
    );
    let exact = Options {
        resolution: Some(8),
        ..Options::default()
    };
    let said = open("samples.npz", &exact).unwrap_err().to_string();
    assert!(said.contains("5×4 pixels where 8×8 are needed"), "{said}");
    let whole = |name: &str| open(name, &Options::default()).unwrap().fingerprint();
    assert_eq!(whole("samples.npz"), whole("samples-deflated.npz"));
    assert_ne!(whole("samples.npz"), some.fingerprint());
    let bytes = std::fs::read(golden("samples.npz")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.npz");
    let (images, labels) = (vec![9; 7 * 60], labels([3, 0, 3, 1, 0, 0, 1]));
    let other = archive(&[
        ("arr_0", "|u1", "(7, 4, 5, 3)", &images),
        ("arr_1", "<i8", "(7,)", &labels),
    ]);
    std::fs::write(&path, &other).unwrap();
    let other = Dataset::open(&path, &Options::default()).unwrap();
    assert_ne!(other.fingerprint(), whole("samples.npz"));
    // The file's name does not matter.
    std::fs::write(&path, bytes).unwrap();
    let same = Dataset::open(&path, &Options::default()).unwrap();
    assert_eq!(same.fingerprint(), whole("samples.npz"));
}

fn labels<const N: usize>(labels: [i64; N]) -> Vec<u8> {
    labels.map(i64::to_le_bytes).concat()
}

/// An archive of arrays, each with its type, its shape and its bytes.
fn archive(arrays: &[(&str, &str, &str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, kind, shape, bytes) in arrays {
        let options = SimpleFileOptions::default();
        let options = options.compression_method(CompressionMethod::Stored);
        archive.start_file(format!("{name}.npy"), options).unwrap();
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        let length = (header.len() as u16).to_le_bytes();
        let parts = [&length[..], header.as_bytes(), bytes];
        archive.write_all(&parts.concat()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// What bytes are refused with.
fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.npz");
    std::fs::write(&path, bytes).unwrap();
    let said = Dataset::open(&path, &Options::default()).unwrap_err();
    let said = said.to_string();
    assert!(
        said.contains("set.npz") && said.lines().count() == 1,
        "{said}"
    );
    said
}

#[test]
fn grey_images_without_labels_are_a_set_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grey");
    let moments = [0; 8];
    let bytes = archive(&[
        ("mu", "<f8", "(1,)", &moments),
        ("arr_0", "|u1", "(2, 1, 2, 1)", &[1, 2, 3, 4]),
    ]);
    std::fs::write(&path, bytes).unwrap();
    let dataset = Dataset::open(&path, &Options::default()).unwrap();
    assert_eq!((dataset.shape(), dataset.classes()), ([1, 1, 2], 0));
    assert_eq!(pixels(&dataset, 1, Flip::None), [3, 4]);
    assert_eq!(dataset.label(0), None);
}

#[test]
fn arrays_that_are_no_images_are_refused_in_one_line() {
    for (kind, shape, bytes, words) in [
        (
            "<f4",
            "(2, 1, 1, 3)",
            24,
            "type <f4 (2, 1, 1, 3), not of images",
        ),
        ("|u1", "(2, 3, 1, 1, 1)", 6, "not of images"),
        ("|u1", "(2, 3)", 6, "(2, 3), not of images"),
        ("|u1", "(2, 3, 1, 2)", 12, "3 or 1"),
        ("|u1", "(0, 3, 1, 3)", 0, "0 images of 1×3 pixels"),
        ("|u1", "(1, 0, 1, 3)", 0, "nothing or more than is read"),
        ("|u1", "(2, 1, 1, 3)", 5, "too few or too many bytes"),
        ("|u1", "(2, 1, 1, 3)", 7, "too few or too many bytes"),
        ("|u1", "(4294967296, 1, 1, 3)", 5, "4294967296 images"),
        (
            "|u1",
            "(9, 4294967296, 4294967296, 3)",
            5,
            "more than is read",
        ),
        ("|u1", "(9, 18446744073709551616, 1, 3)", 5, "not of images"),
    ] {
        let bytes = vec![0; bytes];
        let said = refusal(&archive(&[("arr_0", kind, shape, &bytes)]));
        assert!(said.contains("arr_0.npy") && said.contains(words), "{said}");
    }
    let images = ("arr_0", "|u1", "(2, 1, 1, 3)", &[0; 6][..]);
    let good = labels([0, 1]);
    for (kind, shape, labels, words) in [
        (
            "<i8",
            "(3,)",
            labels([0, 1, 2]),
            "(3,), not the labels of 2 images",
        ),
        ("<f8", "(2,)", good.clone(), "type <f8 (2,), not the labels"),
        ("<i8", "(2, 1)", good.clone(), "(2, 1), not the labels"),
        (
            "<i8",
            "(2,)",
            good[..15].to_vec(),
            "too few or too many bytes",
        ),
        ("<i8", "(2,)", labels([0, -1]), "a label of -1"),
        (
            "<i8",
            "(2,)",
            labels([1 << 20, 0]),
            "a label of 1048576, not a number from 0 to 1048575",
        ),
    ] {
        let said = refusal(&archive(&[images, ("arr_1", kind, shape, &labels)]));
        assert!(said.contains("arr_1.npy") && said.contains(words), "{said}");
    }
}

#[test]
fn damaged_archives_are_refused() {
    for name in ["samples.npz", "samples-deflated.npz"] {
        let whole = std::fs::read(golden(name)).unwrap();
        for length in (40..whole.len()).rev().step_by(7) {
            refusal(&whole[..length]);
        }
    }
    let whole = std::fs::read(golden("samples-deflated.npz")).unwrap();
    let mut places = whole.windows(9).enumerate();
    let place = places.rfind(|(_, window)| *window == b"arr_0.npy");
    // The directory's entry: the checksum at 16, the stored length at 20, the size at 24, the name at 46.
    let entry = place.unwrap().0 - 46;
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = whole.clone();
        bytes[entry + at..][..to.len()].copy_from_slice(to);
        refusal(&bytes)
    };
    assert!(changed(16, &[1, 2, 3, 4]).contains("checksum is wrong"));
    assert!(changed(24, &[0, 0, 0, 0x50]).contains("contradicts itself about its size"));
    assert!(changed(8, &[1, 0]).contains("encrypted"));
}

/// An announcement of more than a gibibyte needs a megabyte that may be so much.
#[test]
fn a_compressed_array_for_more_than_memory_is_refused_before_it_is_read() {
    let whole = std::fs::read(golden("samples-deflated.npz")).unwrap();
    let mut places = whole.windows(9).enumerate();
    let place = places.rfind(|(_, window)| *window == b"arr_0.npy");
    let entry = place.unwrap().0 - 46;
    let mut bytes = whole.clone();
    // Before the directory, as if the compressed bytes went on there.
    let directory = u32::from_le_bytes(whole[whole.len() - 6..][..4].try_into().unwrap());
    let more = vec![0; 2 << 20];
    bytes.splice(directory as usize..directory as usize, more.iter().copied());
    let entry = entry + more.len();
    let end = bytes.len() - 6;
    bytes[end..end + 4].copy_from_slice(&(directory + (2 << 20)).to_le_bytes());
    bytes[entry + 20..entry + 24].copy_from_slice(&(2_u32 << 20).to_le_bytes());
    bytes[entry + 24..entry + 28].copy_from_slice(&((1_u32 << 30) + 1).to_le_bytes());
    let said = refusal(&bytes);
    assert!(
        said.contains("larger than the 1 GiB that are decompressed")
            && said.contains("numpy.savez"),
        "{said}"
    );
}
