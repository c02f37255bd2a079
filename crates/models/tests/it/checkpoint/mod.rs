//! Other programs' files, whole, damaged and hostile.

mod assembler;
mod bounds;
mod containers;
mod damage;
mod embedded;
mod graphs;
mod hostile;
mod networks;
mod safetensors;
mod snapshots;
mod statistics;
mod written;

use std::path::{Path, PathBuf};

use foil_models::{Result, Weights, checkpoint::Contents};

/// A file among the reference values, whose origin stands beside them.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

/// Opens bytes as a file.
fn open(bytes: &[u8]) -> Result<Contents> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    Contents::open(path)
}

/// What opening bytes is refused with: one line that begins with the file's name.
fn refusal(bytes: &[u8]) -> String {
    let said = open(bytes).expect_err("not a checkpoint").to_string();
    assert!(said.contains("/file: "), "{said}");
    assert!(
        said.len() < 1000 && !said.chars().any(char::is_control),
        "{said}"
    );
    said
}

/// The tensors of a file that has nothing else.
fn tensors(path: &Path) -> Weights {
    match Contents::open(path).unwrap() {
        Contents::Tensors(weights) => weights,
        other => panic!("{} holds {other:?}", path.display()),
    }
}

/// That two sets of tensors are the same to the bit.
fn assert_same(left: &Weights, right: &Weights) {
    let names = |weights: &Weights| {
        weights
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(left), names(right));
    for (name, tensor) in left.iter() {
        let other = right.get(name).unwrap();
        assert_eq!(tensor.shape(), other.shape(), "{name}");
        assert_eq!(tensor.dtype(), other.dtype(), "{name}");
        let same = tensor.with_bytes(|bytes| other.with_bytes(|others| bytes == others));
        assert!(same.unwrap().unwrap(), "{name}");
    }
}
