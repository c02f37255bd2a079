//! `foil degrade`: networks made worse, and what becomes of their numbers.

use std::{collections::BTreeMap, fs, path::Path};

use safetensors::SafeTensors;

use crate::{
    names,
    refusals::refuse,
    sample::{model, pixels},
    succeed,
};

/// Rows of every trained weight by its name.
fn rows(path: &Path) -> BTreeMap<String, Vec<Vec<f32>>> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let trained = file.tensors().into_iter().filter(|(name, tensor)| {
        tensor.shape().len() > 1 && !name.contains("freqs") && !name.contains("phases")
    });
    let rows = trained.map(|(name, tensor)| {
        let numbers = tensor.data().as_chunks().0.iter();
        let numbers: Vec<f32> = numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let length = numbers.len() / tensor.shape()[0];
        (name, numbers.chunks(length).map(<[f32]>::to_vec).collect())
    });
    rows.collect()
}

#[test]
fn a_degraded_network_says_what_was_done_and_guides() {
    let folder = tempfile::tempdir().unwrap();
    let main = model("main");
    let run = |arguments: &str| succeed(folder.path(), arguments);
    let said = run(&format!(
        "degrade {main} --out weak.safetensors --weight-noise 0.3 --seed 5"
    ));
    for line in [
        "parameters = 4031823",
        "[degradation.noise]",
        "amount = 0.3",
        "seed = 5",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let inspected = run("inspect weak.safetensors");
    for line in ["[degradations.0.noise]", "amount = 0.3", "resolution = 16"] {
        assert!(inspected.contains(line), "{inspected}");
    }
    let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
    run(&format!(
        "degrade {main} --out again.safetensors --weight-noise 0.3 --seed 5"
    ));
    run(&format!(
        "degrade {main} --out other.safetensors --weight-noise 0.3 --seed 6"
    ));
    assert!(bytes("weak.safetensors") == bytes("again.safetensors"));
    assert!(bytes("weak.safetensors") != bytes("other.safetensors"));
    // What was made worse can be made worse.
    run("degrade weak.safetensors --out worse.safetensors --bits 3");
    let twice = run("inspect worse.safetensors");
    assert!(twice.contains("[degradations.1.quantisation]"), "{twice}");

    let sample = format!("sample --model {main} --seeds 1 --steps 3 --precision f32");
    run(&format!("{sample} --out unguided"));
    run(&format!(
        "{sample} --guide weak.safetensors --guidance auto:2 --out guided"
    ));
    let image = |out: &str| pixels(&folder.path().join(out).join("000001.png"));
    assert_ne!(image("unguided"), image("guided"));
}

#[test]
fn bits_and_pruning_do_to_rows_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let main = model("main");
    let at = |name: &str| folder.path().join(name);
    succeed(folder.path(), &format!("convert {main} plain.safetensors"));
    for (how, out) in [("--bits 4", "bits"), ("--prune 0.4", "pruned")] {
        let arguments = format!("degrade {main} --out {out}.safetensors {how}");
        succeed(folder.path(), &arguments);
    }
    let (bits, pruned) = (
        rows(&at("bits.safetensors")),
        rows(&at("pruned.safetensors")),
    );
    assert!(bits.len() > 20 && bits.len() == pruned.len());
    for row in bits.values().flatten() {
        let most = row
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        for value in row {
            let steps = value / most * 7.0;
            assert!((steps - steps.round()).abs() < 1e-3, "{value} of {most}");
        }
    }
    for row in pruned.values().flatten() {
        let zeros = row.iter().filter(|value| **value == 0.0).count();
        let expected = (0.4 * row.len() as f64) as usize;
        // Published weights are of half precision and may hold zeros of their own.
        assert!((expected..=expected + 2).contains(&zeros), "{zeros}");
    }
}

#[test]
fn what_cannot_be_degraded_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let main = model("main");
    fs::write(folder.path().join("there.safetensors"), "something").unwrap();
    let degrade = |rest: &str| format!("degrade {main} --out weak.safetensors {rest}");
    let before = names(folder.path());
    for (arguments, words) in [
        (degrade(""), &["--weight-noise", "--bits", "--prune"][..]),
        (degrade("--bits 4 --prune 0.5"), &["--bits", "--prune"]),
        (degrade("--bits 1"), &["2 to 8", "1"]),
        (degrade("--bits 9"), &["2 to 8", "9"]),
        (degrade("--prune 1"), &["[0, 1)"]),
        (degrade("--prune NaN"), &["[0, 1)", "NaN"]),
        (degrade("--weight-noise -1"), &["-1", "0 or more"]),
        (degrade("--weight-noise inf"), &["inf"]),
        (degrade("--bits 4 --seed 2"), &["--seed"]),
        (
            format!("degrade {main} --out weak.pkl --bits 4"),
            &[".safetensors"],
        ),
        (
            format!("degrade {main} --out there.safetensors --bits 4"),
            &["there.safetensors", "--force"],
        ),
        (
            "degrade gone.safetensors --out weak.safetensors --bits 4".to_owned(),
            &["gone.safetensors"],
        ),
        (
            "degrade fashion-noisy-classifier --out weak.safetensors --bits 4".to_owned(),
            &["fashion-noisy-classifier"],
        ),
    ] {
        refuse(folder.path(), &arguments, words);
    }
    assert_eq!(names(folder.path()), before);
    let help = succeed(folder.path(), "degrade --help");
    for word in ["foil ema", "dropout(p=P)", "noise(amount=A)", "skip("] {
        assert!(help.contains(word), "{help}");
    }
}
