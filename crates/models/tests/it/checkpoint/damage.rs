//! Files that end early, and files with a few bytes changed: never a panic, never an absurd cost.

use std::{
    fs::OpenOptions,
    time::{Duration, Instant},
};

use foil_models::checkpoint::Contents;

use super::fixture;

const FILES: [&str; 13] = [
    "toy.pkl",
    "torch.pt",
    "torch-legacy.pt",
    "char.pt",
    "torch.safetensors",
    "statistics.pkl",
    "statistics-odd-2.pkl",
    "statistics-odd-3.pkl",
    "statistics-odd-5.pkl",
    "latents-2147483-0.135.pkl",
    "statistics-adm.npz",
    "statistics-edm.npz",
    "arrays-deflated.npz",
];

/// Of which a part may be another one of its kind.
const ENDLESS: &str = "graph.pb";

/// Opens a file and reads every tensor in it.
fn read_all(path: &std::path::Path) -> foil_models::Result<()> {
    let weights = match Contents::open(path)? {
        Contents::Edm2(snapshot) => snapshot.weights,
        Contents::Tensors(weights) | Contents::Toy(weights) => weights,
        _ => return Ok(()),
    };
    weights
        .iter()
        .try_for_each(|(_, tensor)| tensor.with_bytes(|_| ()))
}

#[test]
fn a_file_that_ends_early_is_refused_wherever_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        let path = folder.path().join(name);
        let bytes = std::fs::read(fixture("checkpoints").join(name)).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        // The larger one only at every seventeenth, for the tests' sake.
        let step = if bytes.len() < 10_000 { 1 } else { 17 };
        for length in (0..bytes.len() as u64).rev().step_by(step) {
            file.set_len(length).unwrap();
            let said = read_all(&path).expect_err("incomplete").to_string();
            assert!(
                said.contains(name) && !said.chars().any(char::is_control),
                "{said}"
            );
        }
    }
}

/// A small generator of numbers; the same changes in every run.
struct Changes(u64);

impl Changes {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }

    fn apply(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let place = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[place] = self.below(256) as u8,
                1 => bytes[place] ^= 1 << self.below(8),
                2 => drop(bytes.remove(place)),
                3 => bytes.insert(place, self.below(256) as u8),
                _ => {
                    let from = self.below(bytes.len());
                    let length = self.below(16).min(bytes.len() - from);
                    let piece = bytes[from..from + length].to_vec();
                    bytes.splice(place..place, piece);
                }
            }
        }
    }
}

#[test]
fn files_with_changed_bytes_are_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed");
    let files: Vec<Vec<u8>> = FILES
        .iter()
        .chain([&ENDLESS])
        .map(|name| std::fs::read(fixture("checkpoints").join(name)).unwrap())
        .collect();
    let mut changes = Changes(1);
    let begun = Instant::now();
    let (mut read, mut refused) = (0, 0);
    while begun.elapsed() < Duration::from_millis(1500) {
        let mut bytes = files[changes.below(files.len())].clone();
        changes.apply(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let one = Instant::now();
        match read_all(&path) {
            Ok(()) => read += 1,
            Err(error) => {
                refused += 1;
                let said = error.to_string();
                assert!(!said.chars().any(char::is_control), "{said}");
            }
        }
        assert!(one.elapsed() < Duration::from_secs(1), "slow to read");
    }
    // Most changes hit numbers or names that nothing depends on, others do not.
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}
