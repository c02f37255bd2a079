//! Pickles that want something to happen. Nothing does, and the refusal names what they wanted.

use super::{assembler::Assembler, fixture, open, refusal};
use foil_models::checkpoint::Contents;

const WANTED: [(&str, &str); 5] = [
    ("os", "system"),
    ("posix", "system"),
    ("builtins", "eval"),
    ("torch.storage", "_load_from_bytes"),
    ("torch", "load"),
];

#[test]
fn calls_in_the_place_of_a_tensor_are_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let command = format!("touch {}", trace.display());
    for (module, name) in WANTED {
        let call = |pickle: Assembler| pickle.call(module, name, &command);
        let pickles = [
            call(Assembler::new()),
            Assembler::new().dictionary("weight", call),
            Assembler::new().dictionary("ema", call),
            Assembler::new().dictionary("state_dict", |pickle| pickle.dictionary("weight", call)),
        ];
        for pickle in pickles {
            let said = refusal(&pickle.finish());
            assert!(said.contains(&format!("'{module}.{name}'")), "{said}");
            assert!(said.contains("Foil never runs code from a file"), "{said}");
        }
        assert!(!trace.exists());
    }
}

#[test]
fn every_way_to_call_is_symbolic() {
    let global = Assembler::new().raw(b"cos\nsystem\n").text("true");
    let forms = [
        global.clone().raw(b"\x85R"),
        global.clone().raw(b"\x85\x81"),
        global.clone().raw(b"\x85}\x92"),
        Assembler::new()
            .raw(b"(")
            .raw(b"cos\nsystem\n")
            .text("true")
            .raw(b"o"),
        Assembler::new()
            .raw(b"(")
            .text("true")
            .raw(b"ios\nsystem\n"),
        Assembler::new().raw(b"cos\nsystem\n"),
        Assembler::new()
            .raw(b"cos\nsystem\n")
            .raw(b")R")
            .text("state")
            .raw(b"b"),
    ];
    for form in forms {
        let said = refusal(&form.finish());
        assert!(said.contains("os.system"), "{said}");
    }
}

#[test]
fn what_nothing_depends_on_may_be_anything() {
    let pickle = Assembler::new()
        .raw(b"}(")
        .text("hyper_parameters")
        .call("os", "system", "true")
        .text("state_dict")
        .dictionary("weight", |pickle| pickle.tensor(2, (0, &[2], &[1])))
        .raw(b"u");
    let Contents::Tensors(weights) = open(&pickle.stream(&[1.0, 2.0])).unwrap() else {
        panic!("not a state dictionary");
    };
    assert_eq!(weights.iter().count(), 1);
}

#[test]
fn a_hostile_part_of_a_network_is_named() {
    let bytes = std::fs::read(fixture("checkpoints/latents-2147483-0.135.pkl")).unwrap();
    let replace = |from: &[u8], to: &[u8]| {
        assert_eq!(from.len(), to.len());
        let mut bytes = bytes.clone();
        let place = bytes.windows(from.len()).position(|window| window == from);
        let place = place.unwrap();
        bytes[place..place + from.len()].copy_from_slice(to);
        refusal(&bytes)
    };
    let said = replace(b"_rebuild_parameter", b"_rebuild_parasites");
    assert!(
        said.contains("torch._utils._rebuild_parasites") && said.contains("out_gain"),
        "{said}"
    );
    let said = replace(b"_load_from_bytes", b"_load_from_pipes");
    assert!(said.contains("torch.storage._load_from_pipes"), "{said}");
    let said = replace(b"StabilityVAEEncoder", b"StabilityVAEDecoder");
    assert!(
        said.contains("StabilityVAEDecoder") && said.contains("StandardRGBEncoder"),
        "{said}"
    );
    let said = replace(b"attn_balance", b"attn_valence");
    assert!(said.contains("attn_valence"), "{said}");
    let said = replace(b"img_resolution", b"img_evolutions");
    assert!(said.contains("img_evolutions"), "{said}");
    let said = replace(b"Precond", b"Preface");
    assert!(
        said.contains("Preface") && said.contains("Precond"),
        "{said}"
    );
}
