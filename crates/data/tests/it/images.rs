//! Kinds of images against what Pillow reads in the same files.

use std::fs;

use foil_data::{Dataset, Flip};
use safetensors::SafeTensors;

use crate::files::{folder, golden, names, open, pixels, skipped};

/// Decoders of lossy formats may differ by rounding, once for brightness and once for colour.
const LOSSY: u8 = 2;

/// The largest difference from Pillow's pixels, for each image.
fn differences(dataset: &Dataset, form: &str) -> Vec<(String, u8)> {
    let file = fs::read(golden("images.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let [channels, height, width] = dataset.shape();
    let difference = |(index, name): (usize, String)| {
        let expected = tensors.tensor(&format!("{name}.{form}")).unwrap();
        assert_eq!(expected.shape()[..2], [height, width]);
        let found = pixels(dataset, index, Flip::None);
        // Colours are side by side there, and one after the other here.
        let place = |index: usize| found[index % channels * height * width + index / channels];
        let differences = expected.data().iter().enumerate();
        let largest = differences
            .map(|(index, &level)| level.abs_diff(place(index)))
            .max();
        (name, largest.unwrap())
    };
    names(dataset)
        .into_iter()
        .enumerate()
        .map(difference)
        .collect()
}

fn is_lossy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("jp") || name.contains("lossy") || name.contains("disguised")
}

#[test]
fn every_kind_of_image_is_read_as_pillow_reads_it() {
    let dataset = open(&golden("images"));
    assert_eq!((dataset.len(), dataset.shape()), (20, [3, 9, 13]));
    assert_eq!((dataset.classes(), skipped(&dataset)), (0, vec![]));
    for (name, difference) in differences(&dataset, "rgb") {
        let allowed = if is_lossy(&name) { LOSSY } else { 0 };
        assert!(difference <= allowed, "{name} differs by {difference}");
    }
}

#[test]
fn a_set_of_mostly_grey_images_is_grey() {
    let take = [
        "grey.png",
        "one-bit.png",
        "grey-alpha-sixteen.png",
        "colour-alpha.png",
        "grey.jpg",
        "lossless.webp",
    ];
    let files = take.map(|name| (name, fs::read(golden("images").join(name)).unwrap()));
    let dataset = folder(&files);
    let dataset = open(dataset.path());
    assert_eq!((dataset.len(), dataset.shape()), (6, [1, 9, 13]));
    for (name, difference) in differences(&dataset, "grey") {
        let allowed = if is_lossy(&name) { LOSSY } else { 0 };
        assert!(difference <= allowed, "{name} differs by {difference}");
    }
    // As many of one kind as of the other are colours.
    let channels = |files| open(folder(files).path()).shape()[0];
    assert_eq!((channels(&files[1..]), channels(&files[2..])), (1, 3));
}

#[test]
fn a_cut_or_changed_image_is_an_error_or_an_image_but_never_a_panic() {
    let mut refused = 0;
    for name in names(&open(&golden("images"))) {
        let whole = fs::read(golden("images").join(&name)).unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(&name);
        let attempt = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let Ok(dataset) = Dataset::open(place.path(), &foil_data::Options::default()) else {
                return true;
            };
            let mut pixels = vec![0; dataset.shape().iter().product()];
            dataset.pixels(0, Flip::None, &mut pixels).is_err()
        };
        assert!(!attempt(&whole));
        for length in (0..whole.len()).step_by(whole.len() / 40 + 1) {
            let refused = attempt(&whole[..length]);
            assert!(
                refused || 4 * length > 3 * whole.len(),
                "{name} with {length} bytes"
            );
        }
        for place in (0..whole.len()).step_by(whole.len() / 40 + 1) {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut changed = whole.clone();
                changed[place] ^= value.max(1);
                refused += u32::from(attempt(&changed));
            }
        }
    }
    assert!(refused > 400, "{refused}");
}
