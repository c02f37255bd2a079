//! PyTorch's containers: views, shared storages, every type.

use foil_models::{
    SourceFile,
    checkpoint::{Contents, Format},
};

use super::{assert_same, fixture, tensors};

#[test]
fn both_of_torchs_formats_give_the_tensors_that_safetensors_gives() {
    let golden = tensors(&fixture("checkpoints/torch.safetensors"));
    assert_eq!(golden.iter().count(), 19);
    for (name, format) in [
        ("torch.pt", Format::TorchZip),
        ("torch-legacy.pt", Format::TorchStream),
    ] {
        let path = fixture("checkpoints").join(name);
        assert_eq!(
            Format::of_file(&SourceFile::open(&path).unwrap()).unwrap(),
            format
        );
        assert_same(&tensors(&path), &golden);
    }
}

#[test]
fn a_type_that_cannot_be_read_is_named() {
    let error = Contents::open(fixture("checkpoints/char.pt"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("char.pt") && error.contains("CharStorage"),
        "{error}"
    );
    assert!(
        error.contains("BFloat16") && error.contains("odd"),
        "{error}"
    );
}
