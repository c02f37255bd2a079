//! Folders of files, and what is read from them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use foil_data::{Dataset, Flip, Options};
use tempfile::TempDir;

/// A folder with such files, the folders they need included.
pub fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

pub fn open(path: &Path) -> Dataset {
    Dataset::open(path, &Options::default()).unwrap()
}

pub fn pixels(dataset: &Dataset, index: usize, flip: Flip) -> Vec<u8> {
    let mut pixels = vec![99; dataset.shape().iter().product()];
    dataset.pixels(index, flip, &mut pixels).unwrap();
    pixels
}

pub fn refusal(path: &Path, options: &Options) -> String {
    Dataset::open(path, options).unwrap_err().to_string()
}

/// The names of all images, in their order.
pub fn names(dataset: &Dataset) -> Vec<String> {
    (0..dataset.len())
        .map(|index| dataset.name(index).unwrap())
        .collect()
}

/// The labels of all images.
pub fn labels(dataset: &Dataset) -> Vec<Option<u32>> {
    (0..dataset.len())
        .map(|index| dataset.label(index))
        .collect()
}

/// Which files are not among the images, and why.
pub fn skipped(dataset: &Dataset) -> Vec<(String, String)> {
    let skipped = dataset.skipped().iter();
    skipped
        .map(|skipped| {
            (
                skipped.path.to_string_lossy().into_owned(),
                skipped.reason.clone(),
            )
        })
        .collect()
}

/// A file or folder of `tests/golden`.
pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// A PNG whose pixel i of a row-major `[height, width, channels]` image is start + i.
pub fn png(height: u32, width: u32, colour: png::ColorType, start: u8) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(colour);
    let count = (height * width) as usize * colour.samples();
    let pixels: Vec<u8> = (0..count)
        .map(|index| (usize::from(start) + index) as u8)
        .collect();
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
    file
}
