//! Foil's own files: what is written is what is read.

use std::{collections::BTreeMap, path::Path};

use candle_core::DType;
use foil_models::{
    SourceFile,
    checkpoint::{Contents, Format, header, write},
};

use super::{assert_same, fixture, networks::network, tensors};

#[test]
fn a_converted_network_is_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "edm2-tiny-main.pkl",
        "edm2-tiny-guide.pkl",
        "edm2-tiny-uncond.pkl",
        "checkpoints/latents-2147483-0.135.pkl",
    ] {
        let mut original = network(name);
        original.provenance.licence = Some("CC BY-NC-SA 4.0".into());
        // A number whose shortest decimal form is long.
        original.config.dropout = 0.1 + 0.2;
        let path = folder.path().join("network.safetensors");
        original.save(&path).unwrap();
        assert_eq!(
            Format::of_file(&SourceFile::open(&path).unwrap()).unwrap(),
            Format::Safetensors
        );
        let Contents::Edm2(copy) = Contents::open(&path).unwrap() else {
            panic!("not a network");
        };
        assert_eq!(copy.config, original.config);
        assert_eq!(copy.encoder, original.encoder);
        assert_eq!(copy.provenance, original.provenance);
        assert_same(&copy.weights, &original.weights);
        // Written again, it is the same file, over itself.
        let bytes = std::fs::read(&path).unwrap();
        copy.save(&path).unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes, "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn every_type_is_written_as_other_programs_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tensors.safetensors");
    let original = tensors(&fixture("checkpoints/torch.pt"));
    write(&path, &original, BTreeMap::new()).unwrap();
    assert_same(&tensors(&path), &original);
    let bytes = std::fs::read(&path).unwrap();
    let read = ::safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(read.len(), 19);
    assert_eq!(
        read.tensor("long").unwrap().data()[..8],
        1_i64.to_le_bytes()
    );
}

#[test]
fn a_file_written_as_its_numbers_come_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let at_once = folder.path().join("at-once.safetensors");
    let gradual = folder.path().join("gradual.safetensors");
    let original = network("edm2-tiny-guide.pkl");
    original.save(&at_once).unwrap();
    let mut file = original
        .begin(&gradual, |_, tensor| tensor.dtype())
        .unwrap();
    for name in file.order().to_vec() {
        let tensor = original.weights.get(&name).unwrap();
        let middle = tensor.count() / 3;
        for part in [0..middle, middle..tensor.count()] {
            let part = tensor.part(part).unwrap();
            part.with_bytes(|bytes| file.put(bytes)).unwrap().unwrap();
        }
    }
    file.finish().unwrap();
    assert!(std::fs::read(&at_once).unwrap() == std::fs::read(&gradual).unwrap());
}

#[test]
fn a_gradual_file_of_too_few_or_too_many_numbers_never_appears() {
    let folder = tempfile::tempdir().unwrap();
    let original = network("edm2-tiny-uncond.pkl");
    let path = folder.path().join("network.safetensors");
    let begin = || original.begin(&path, |_, _| DType::F32).unwrap();
    let said = begin().finish().unwrap_err().to_string();
    assert!(said.contains("fewer numbers than its header"), "{said}");
    let mut file = begin();
    let numbers: usize = original
        .weights
        .iter()
        .map(|(_, tensor)| tensor.count())
        .sum();
    file.put(&vec![0; 4 * numbers]).unwrap();
    let said = file.put(&[0]).unwrap_err().to_string();
    assert!(said.contains("more numbers than its header"), "{said}");
    drop(file);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_part_of_a_tensor_is_that_part_of_its_bytes() {
    for weights in [
        tensors(&fixture("checkpoints/torch.pt")),
        tensors(&fixture("checkpoints/torch-legacy.pt")),
        network("edm2-tiny-guide.pkl").weights,
    ] {
        for (name, tensor) in weights.iter() {
            let (count, width) = (tensor.count(), tensor.dtype().size_in_bytes());
            for range in [0..count, count / 3..count / 2, count..count] {
                let part = tensor.part(range.clone()).unwrap();
                assert_eq!(part.shape(), [range.len()], "{name}");
                let expected = tensor
                    .with_bytes(|bytes| bytes[range.start * width..range.end * width].to_vec());
                let found = part.with_bytes(<[u8]>::to_vec);
                assert_eq!(found.unwrap(), expected.unwrap(), "{name}");
            }
            for beyond in [count..count + 1, 0..usize::MAX] {
                tensor.part(beyond).unwrap_err();
            }
        }
    }
}

#[test]
fn a_place_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let original = network("edm2-tiny-uncond.pkl");
    let error = original.save(&folder.path().join("missing/network.safetensors"));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("missing/network.safetensors")
    );
    // A folder in the way.
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    original.save(&folder.path().join("taken")).unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_header_lists_tensors_as_they_follow() {
    let metadata = BTreeMap::from([("kind", "odd"), ("a \"quoted\" key", "")]);
    let metadata: BTreeMap<String, String> = metadata
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let path = Path::new("out.safetensors");
    let tensors: [(_, _, &[usize]); 3] = [
        ("wide", DType::F64, &[3, 1]),
        ("none", DType::F32, &[2, 0]),
        ("half", DType::BF16, &[]),
    ];
    let found = header(path, &tensors, metadata.clone()).unwrap();
    let text = concat!(
        r#"{"__metadata__":{"a \"quoted\" key":"","kind":"odd"},"#,
        r#""half":{"data_offsets":[24,26],"dtype":"BF16","shape":[]},"#,
        r#""none":{"data_offsets":[24,24],"dtype":"F32","shape":[2,0]},"#,
        r#""wide":{"data_offsets":[0,24],"dtype":"F64","shape":[3,1]}}"#,
    );
    let (length, rest) = found.split_first_chunk().unwrap();
    assert_eq!(u64::from_le_bytes(*length), rest.len() as u64);
    assert!(rest.len().is_multiple_of(8) && rest.len() < text.len() + 8);
    let read = std::str::from_utf8(rest).unwrap();
    assert_eq!(read.trim_end_matches(' '), text);
    for (name, other) in [("none", "twice"), ("__metadata__", "cannot be written")] {
        let mut tensors = tensors;
        tensors[2].0 = name;
        let said = header(path, &tensors, metadata.clone()).unwrap_err();
        let said = said.to_string();
        assert!(
            said.starts_with("out.safetensors: ") && said.contains(other),
            "{said}"
        );
    }
}
