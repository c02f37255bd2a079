//! safetensors files that do not keep their own promises.

use foil_models::{Error, checkpoint::Contents};

use super::{fixture, networks::network, open, refusal};

fn file(header: &str, numbers: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(std::iter::repeat_n(0, numbers));
    bytes
}

#[test]
fn headers_are_held_to_the_file() {
    let entry = |name: &str, shape: &str, from: usize, to: usize| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let whole = format!("{{{}}}", entry("a", "[2]", 0, 8));
    assert!(matches!(open(&file(&whole, 8)), Ok(Contents::Tensors(_))));
    let overlapping = format!(
        "{{{},{}}}",
        entry("a", "[2]", 0, 8),
        entry("b", "[2]", 4, 12)
    );
    let gap = format!(
        "{{{},{}}}",
        entry("a", "[2]", 0, 8),
        entry("b", "[2]", 12, 20)
    );
    let misshapen = format!("{{{}}}", entry("a", "[3]", 0, 8));
    let huge = format!("{{{}}}", entry("a", "[4611686018427387904, 4]", 0, 8));
    let backwards = format!("{{{}}}", entry("a", "[2]", 8, 0));
    let twice = format!(
        "{{{},{}}}",
        entry("a", "[2]", 0, 8),
        entry("a", "[2]", 8, 16)
    );
    let control = format!("{{{}}}", entry(r"a\u001b", "[2]", 0, 8));
    let strange = whole.replace("F32", "F8_E4M3");
    for (header, numbers) in [
        (&overlapping, 12),
        (&gap, 20),
        (&misshapen, 8),
        (&huge, 8),
        (&backwards, 8),
        (&twice, 16),
        (&control, 8),
        (&strange, 2),
        (&whole, 4),
        (&whole, 12),
        (&"{".to_owned(), 8),
        (&"{}x".to_owned(), 0),
    ] {
        refusal(&file(header, numbers));
    }
}

#[test]
fn a_header_longer_than_the_file_is_refused() {
    for length in [16, 1 << 20, 1 << 40, 1 << 60, u64::MAX] {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(b"{}     ");
        let said = refusal(&bytes);
        assert!(
            said.contains(&format!("{length} bytes where 7 are left")),
            "{said}"
        );
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Err(Error::File { source, .. }) = Contents::open(folder.path()) else {
        panic!("a folder was opened");
    };
    assert!(source.to_string().contains("folder"), "{source}");
    let missing = Contents::open(folder.path().join("missing"));
    assert!(matches!(missing, Err(Error::File { .. })));
    assert!(refusal(b"").contains("empty"));
    for text in [
        "hello",
        "<html>",
        "(",
        "{\"a\": 1}",
        "PK\x03\x04",
        "PK\x05\x06",
        "\0",
    ] {
        refusal(text.as_bytes());
    }
}

#[test]
fn a_network_whose_tensors_are_not_its_own_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    network("edm2-tiny-uncond.pkl").save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let changed = |from: &str, to: &str| {
        let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
        let length = u64::from_le_bytes(*length) as usize;
        let (header, numbers) = rest.split_at(length);
        let header = std::str::from_utf8(header).unwrap();
        assert!(header.contains(from), "{header}");
        let mut changed = file(&header.replace(from, to), 0);
        changed.extend(numbers);
        refusal(&changed)
    };
    let said = changed("unet.out_conv.weight", "unet.out_cone.weight");
    assert!(said.contains("missing: unet.out_conv.weight"), "{said}");
    assert!(said.contains("unknown: unet.out_cone.weight"), "{said}");
    let said = changed("\"shape\":[3,64,3,3]", "\"shape\":[64,3,3,3]");
    assert!(said.contains("misshapen: unet.out_conv.weight"), "{said}");
    let said = changed(r#"\"blocks\":1"#, r#"\"blocks\":2"#);
    assert!(said.contains("missing"), "{said}");
    let said = changed(r#"\"blocks\":1"#, r#"\"stocks\":1"#);
    assert!(said.contains("stocks"), "{said}");
    let said = changed(r#""version":"1""#, r#""version":"2""#);
    assert!(said.contains("version '2'"), "{said}");
    let said = changed(r#""kind":"edm2""#, r#""kind":"edm3""#);
    assert!(said.contains("edm3") && said.contains("edm2"), "{said}");
}

#[test]
fn the_laboratorys_own_files_are_known() {
    let header = r#"{"__metadata__":{"foil.kind":"toy-density-model"},"gain":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#;
    assert!(matches!(open(&file(header, 4)), Ok(Contents::Toy(_))));
    let golden = Contents::open(fixture("edm2-tiny.safetensors"));
    assert!(matches!(golden, Ok(Contents::Tensors(_))));
}
