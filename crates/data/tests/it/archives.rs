//! Archives against those that an independent program wrote.

use std::fs;

use foil_data::{Dataset, Fit, Flip, Kind, Options};
use safetensors::SafeTensors;

use crate::files::{folder, golden, labels, names, open, pixels, png, refusal, skipped};

fn tensor(name: &str) -> (Vec<usize>, Vec<u8>) {
    let file = fs::read(golden("archives.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let tensor = tensors.tensor(name).unwrap();
    (tensor.shape().to_vec(), tensor.data().to_vec())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let numbers = bytes.chunks_exact(4);
    numbers
        .map(|number| f32::from_le_bytes(number.try_into().unwrap()))
        .collect()
}

fn moments(dataset: &Dataset, index: usize, flip: Flip) -> Vec<f32> {
    let mut moments = vec![0.0; 2 * dataset.shape().iter().product::<usize>()];
    dataset.moments(index, flip, &mut moments).unwrap();
    moments
}

/// A file of numpy with such a header and so many zeros behind it.
fn npy(header: &str, zeros: usize) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.resize(file.len() + zeros, 0);
    file
}

#[test]
fn an_archive_of_images_is_read_as_it_was_written() {
    let dataset = open(&golden("images.zip"));
    assert_eq!(
        (dataset.kind(), dataset.shape(), dataset.classes()),
        (Kind::Pixels, [3, 4, 5], 8)
    );
    assert_eq!(
        labels(&dataset),
        [Some(3), Some(0), Some(3), Some(7), Some(1)]
    );
    assert_eq!(skipped(&dataset), vec![]);
    let names = names(&dataset);
    assert_eq!(
        (names.len(), names[3].as_str()),
        (5, "00001/img00001000.png")
    );
    for (index, name) in names.iter().enumerate() {
        let (_, expected) = tensor(&format!("images.{name}"));
        let found = pixels(&dataset, index, Flip::None);
        for (place, level) in expected.iter().enumerate() {
            assert_eq!(found[place % 3 * 20 + place / 3], *level, "{name}");
        }
    }
}

#[test]
fn an_archive_of_latents_gives_moments() {
    let dataset = open(&golden("latents.zip"));
    assert_eq!(
        (dataset.kind(), dataset.shape(), dataset.len()),
        (Kind::Moments, [3, 3, 2], 3)
    );
    assert_eq!((dataset.classes(), dataset.label(0)), (0, None));
    for (index, name) in names(&dataset).iter().enumerate() {
        let (shape, expected) = tensor(&format!("latents.{name}"));
        assert_eq!(shape, [6, 3, 2]);
        let mut expected = floats(&expected);
        assert_eq!(moments(&dataset, index, Flip::None), expected);
        expected.chunks_exact_mut(2).for_each(|row| row.swap(0, 1));
        assert_eq!(moments(&dataset, index, Flip::Horizontal), expected);
    }
    let asked = dataset.pixels(0, Flip::None, &mut [0; 18]).unwrap_err();
    assert!(
        asked.to_string().contains("a data set of Moments"),
        "{asked}"
    );
    for options in [
        Options {
            resolution: Some(3),
            ..Options::default()
        },
        Options {
            resolution: Some(2),
            fit: Some(Fit::CropAdm),
            ..Options::default()
        },
    ] {
        let refused = refusal(&golden("latents.zip"), &options);
        assert!(
            refused.contains("2×3 latents of 3 channels, which cannot be brought"),
            "{refused}"
        );
    }
}

#[test]
fn a_compressed_archive_with_classes_as_folders_can_be_read_too() {
    let dataset = open(&golden("deflated.zip"));
    let names = names(&dataset);
    assert_eq!(
        names,
        [
            "heron/0.png",
            "heron/1.png",
            "heron/2.png",
            "owl/0.png",
            "owl/1.png",
            "owl/2.png"
        ]
    );
    assert_eq!(labels(&dataset)[2..4], [Some(0), Some(1)]);
    assert_eq!(
        (dataset.class_name(1), dataset.shape()),
        (Some("owl"), [1, 16, 16])
    );
    for (index, name) in names.iter().enumerate() {
        assert_eq!(
            pixels(&dataset, index, Flip::None),
            tensor(&format!("deflated.{name}")).1
        );
    }
    let skipped = skipped(&dataset);
    assert_eq!(
        skipped[0],
        (
            "owl/9.png".to_owned(),
            "8×8 pixels where 16×16 are needed".to_owned()
        )
    );
    assert_eq!((skipped.len(), skipped[1].0.as_str()), (2, "readme.txt"));
}

#[test]
fn threads_read_an_archive_at_once() {
    let dataset = open(&golden("images.zip"));
    let alone: Vec<Vec<u8>> = (0..5)
        .map(|index| pixels(&dataset, index, Flip::None))
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (dataset, alone) = (dataset.clone(), &alone);
            scope.spawn(move || {
                for round in 0..200 {
                    let index = (round * 3 + thread) % 5;
                    assert_eq!(pixels(&dataset, index, Flip::None), alone[index]);
                }
            });
        }
    });
}

#[test]
fn damage_is_found_and_named() {
    let whole = fs::read(golden("images.zip")).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("damaged.zip");
    let fingerprint = open(&golden("images.zip")).fingerprint();
    let (mut refused, mut less, mut harmless) = (0, 0, 0);
    for at in (0..whole.len()).step_by(3) {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        fs::write(&path, changed).unwrap();
        let Ok(dataset) = Dataset::open(&path, &Options::default()) else {
            refused += 1;
            continue;
        };
        let mut buffer = vec![0; dataset.shape().iter().product()];
        let read =
            (0..dataset.len()).all(|index| dataset.pixels(index, Flip::None, &mut buffer).is_ok());
        // Members this small are read whole when the archive is opened.
        assert!(read, "{at}");
        if dataset.skipped().is_empty() {
            // Times, attributes, and what else says nothing of the images.
            harmless += 1;
        } else {
            less += 1;
        }
    }
    assert!(
        refused > 100 && less > 200 && harmless < 150,
        "{refused} {less} {harmless}"
    );
    for length in [4, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let refused = refusal(&path, &Options::default());
        assert!(
            refused.contains("damaged.zip: damaged zip archive"),
            "{refused}"
        );
    }
    // A checksum in the directory stands for the content.
    fs::write(&path, &whole).unwrap();
    assert_eq!(open(&path).fingerprint(), fingerprint);
}

#[test]
fn arrays_that_are_no_latents_are_skipped() {
    let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2, 3), }";
    let with = |from: &str, to: &str| npy(&good.replace(from, to), 96);
    let mut infinite = npy(good, 96);
    infinite.splice(infinite.len() - 4.., f32::INFINITY.to_le_bytes());
    let files = folder(&[
        ("0.npy", npy(good, 96)),
        ("1.npy", with("<f4", "<f8")),
        ("2.npy", with("False", "True")),
        ("3.npy", with("(4, 2, 3)", "(3, 2, 4)")),
        ("4.npy", with("(4, 2, 3)", "(24,)")),
        ("5.npy", with("(4, 2, 3)", "(4, 3, 2)")),
        ("6.npy", npy(good, 92)),
        ("7.npy", b"\x93NUMPY\x01\x00\xff\xff{".to_vec()),
        ("8.npy", with("(4, 2, 3)", "(4, 4294967296, 4294967296)")),
        ("9.npy", npy(good, 200)),
        ("a.npy", infinite),
    ]);
    let dataset = open(files.path());
    assert_eq!(
        (names(&dataset), dataset.shape()),
        (vec!["0.npy".into(), "a.npy".into()], [2, 2, 3])
    );
    let reasons: Vec<String> = skipped(&dataset)
        .into_iter()
        .map(|(_, reason)| reason)
        .collect();
    for (reason, expected) in reasons.iter().zip([
        "not of 32-bit floats",
        "not of 32-bit floats",
        "an array (3, 2, 4) where",
        "an array (24,) where",
        "2×3 latents of 2 channels where 3×2 latents of 2 channels are needed",
        "too few or too many for 3×2 latents of 2 channels",
        "damaged .npy file",
        "too few or too many for 4294967296×4294967296 latents",
        "too few or too many for 3×2 latents of 2 channels",
    ]) {
        assert!(reason.contains(expected), "{reason}, not {expected}");
    }
    assert_eq!(reasons.len(), 9);
    let read = |index| dataset.moments(index, Flip::None, &mut [1.0; 24]);
    assert!(read(0).is_ok());
    assert!(
        read(1)
            .unwrap_err()
            .to_string()
            .contains("infinite or none at all")
    );
}

#[test]
fn latents_and_pixels_are_no_one_data_set() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 1), }";
    let files = folder(&[
        ("0.npy", npy(header, 8)),
        ("1.png", png(1, 1, png::ColorType::Grayscale, 0)),
        ("2.png", png(1, 1, png::ColorType::Grayscale, 0)),
    ]);
    let refused = refusal(files.path(), &Options::default());
    assert!(
        refused.contains("1 files of latents and 2 of pixels"),
        "{refused}"
    );
}
