//! `foil inspect` and `foil convert` on other programs' files.

use std::path::Path;

use serde_json::Value;

use crate::{fixture, names, refusals::refuse, succeed};

pub fn inspect(folder: &Path, file: &str) -> Value {
    let said = succeed(folder, &format!("inspect --json --tensors {file}"));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn inspect_tells_what_a_network_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = fixture("edm2-tiny-main.pkl");
    let told = inspect(folder.path(), &file);
    assert_eq!(told["kind"], "edm2");
    assert_eq!(told["format"], "pickle");
    assert_eq!(
        told["config"]["channel-multipliers"],
        serde_json::json!([1, 2])
    );
    assert_eq!(told["encoder"], "rgb");
    assert_eq!(told["types"]["F16"], told["tensor-count"]);
    assert_eq!(
        told["tensors"]["unet.out_conv.weight"],
        serde_json::json!(["F16", [3, 64, 3, 3]])
    );
    let text = succeed(folder.path(), &format!("inspect {file}"));
    assert!(
        text.starts_with("format = \"pickle\"\nkind = \"edm2\"\n"),
        "{text}"
    );
    assert!(
        text.contains("\n[config]\n") && text.contains("resolution = 16\n"),
        "{text}"
    );
    assert!(!text.contains("[tensors]"), "{text}");
}

#[test]
fn inspect_knows_what_is_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str| inspect(folder.path(), &fixture(&format!("checkpoints/{name}")));
    assert_eq!(told("toy.pkl")["kind"], "toy");
    assert_eq!(told("statistics.pkl")["features"]["fd_dinov2"], 2);
    assert_eq!(told("torch.pt")["format"], "torch-zip");
    assert_eq!(told("torch-legacy.pt")["tensor-count"], 19);
    let archive = told("statistics-adm.npz");
    assert_eq!(
        (&archive["format"], &archive["kind"]),
        (&"npz".into(), &"statistics".into())
    );
    assert_eq!(
        archive["features"],
        serde_json::json!({"fid": 3, "sfid": 2})
    );
    assert!(archive["images"].is_null());
    let text = succeed(
        folder.path(),
        &format!("inspect {}", fixture("checkpoints/statistics-adm.npz")),
    );
    assert!(!text.contains("images"), "{text}");
    assert_eq!(
        told("arrays.npz")["tensors"]["long"],
        serde_json::json!(["I64", [1, 2]])
    );
    let graph = told("graph.pb");
    assert_eq!(graph["format"], "tensorflow-graph");
    assert_eq!(
        graph["tensors"]["bytes"],
        serde_json::json!(["F32", [2, 3]])
    );
}

#[test]
fn convert_changes_the_file_and_not_the_network() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "edm2-tiny-guide.pkl",
        "checkpoints/latents-2147483-0.135.pkl",
        "checkpoints/torch.pt",
    ] {
        let file = fixture(name);
        let said = succeed(
            folder.path(),
            &format!("convert --force {file} out.safetensors"),
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        let (mut before, mut after) = (
            inspect(folder.path(), &file),
            inspect(folder.path(), "out.safetensors"),
        );
        assert_eq!(after["format"], "safetensors");
        before["format"].take();
        after["format"].take();
        assert_eq!(before, after);
    }
    assert_eq!(names(folder.path()), ["out.safetensors"]);
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (network, toy) = (
        fixture("edm2-tiny-guide.pkl"),
        fixture("checkpoints/toy.pkl"),
    );
    std::fs::write(folder.path().join("taken.safetensors"), "mine").unwrap();
    std::fs::write(
        folder.path().join("hostile.pkl"),
        b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.",
    )
    .unwrap();
    for (arguments, words) in [
        (
            format!("convert {network} taken.safetensors"),
            &["taken.safetensors", "--force"][..],
        ),
        (
            format!("convert {network} out.pkl"),
            &["out.pkl", ".safetensors"],
        ),
        (
            format!("convert {toy} out.safetensors"),
            &["toy.pkl", "laboratory"],
        ),
        (
            "convert taken.safetensors out.safetensors".into(),
            &["taken.safetensors", "not a checkpoint"],
        ),
        ("inspect missing".into(), &["missing"]),
        ("inspect .".into(), &["folder"]),
        (
            "inspect hostile.pkl".into(),
            &["hostile.pkl", "'os.system'", "never runs code"],
        ),
    ] {
        refuse(folder.path(), &arguments, words);
    }
    assert_eq!(names(folder.path()), ["hostile.pkl", "taken.safetensors"]);
    assert_eq!(
        std::fs::read(folder.path().join("taken.safetensors")).unwrap(),
        b"mine"
    );
}
