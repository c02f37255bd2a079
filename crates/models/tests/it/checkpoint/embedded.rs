//! Files that are part of the program.

use foil_models::{
    Result, SourceFile, Weights,
    checkpoint::{Contents, Snapshot},
};

use super::{assert_same, fixture, networks::network};

static NETWORK: &[u8] = include_bytes!("../../../../../fixtures/edm2-tiny-uncond.pkl");
static LATENTS: &[u8] =
    include_bytes!("../../../../../fixtures/checkpoints/latents-2147483-0.135.pkl");
static TENSORS: &[u8] = include_bytes!("../../../../../fixtures/checkpoints/torch.safetensors");
static STRIDED: &[u8] = include_bytes!("../../../../../fixtures/checkpoints/torch.pt");

fn embedded(name: &str, bytes: &'static [u8]) -> Result<Contents> {
    Contents::of(&SourceFile::embedded(name, bytes))
}

fn weights(contents: Contents) -> Weights {
    match contents {
        Contents::Tensors(weights) => weights,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_network_in_the_program_is_the_network_of_its_file() {
    for (name, bytes) in [
        ("edm2-tiny-uncond.pkl", NETWORK),
        ("checkpoints/latents-2147483-0.135.pkl", LATENTS),
    ] {
        let Contents::Edm2(found) = embedded(name, bytes).unwrap() else {
            panic!("{name} is no network");
        };
        let Snapshot {
            role,
            config,
            encoder,
            weights,
            provenance,
        } = network(name);
        assert_eq!(found.role, role);
        assert_eq!(found.config, config);
        assert_eq!(found.encoder, encoder);
        assert_eq!(found.provenance, provenance);
        assert_eq!(found.weights.origin(), name);
        assert_same(&found.weights, &weights);
    }
}

#[test]
fn tensors_in_the_program_are_those_of_their_file() {
    for (name, bytes) in [("torch.safetensors", TENSORS), ("torch.pt", STRIDED)] {
        let of_file = Contents::open(fixture("checkpoints").join(name)).unwrap();
        assert_same(&weights(embedded(name, bytes).unwrap()), &weights(of_file));
    }
}

#[test]
fn bytes_that_end_early_are_refused_as_a_file_that_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short");
    for bytes in [LATENTS, TENSORS, STRIDED] {
        for length in (0..bytes.len()).step_by(61) {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let of_file = Contents::open(&path).unwrap_err().to_string();
            let found = embedded(path.to_str().unwrap(), &bytes[..length]).unwrap_err();
            assert_eq!(found.to_string(), of_file);
        }
    }
}
