//! Bad input: one clear line, exit code 2, nothing half-written.

use std::{path::Path, process::Output};

use crate::{command, foil, names, succeed};

/// Runs `foil`, expects a refusal that names all the words, and no trace of a panic.
pub fn refuse(folder: &Path, arguments: &str, words: &[&str]) {
    refused(foil(folder, arguments), arguments, words);
}

/// That a run was a refusal which names all the words.
pub fn refused(output: Output, arguments: &str, words: &[&str]) {
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "foil {arguments}: {said}");
    // Below the line a mistake in a text of guidance is pointed at.
    let lines = said.trim_end().lines();
    let lines = lines.filter(|line| !line.starts_with("  | "));
    assert!(
        said.starts_with("error: ") && lines.count() == 1,
        "foil {arguments}: {said}"
    );
    for word in words {
        assert!(
            said.contains(word),
            "foil {arguments}: '{word}' is not in {said}"
        );
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn unknown_names_and_impossible_numbers_say_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let sample = |rest: &str| format!("toy sample --model m --out o {rest}");
    for (arguments, words) in [
        ("toy frobnicate".to_owned(), &["frobnicate"][..]),
        ("toy train".into(), &["--out"]),
        (
            "toy train --out t --class C".into(),
            &["'C'", "--class", "A, B, AB"],
        ),
        (
            "toy train --out t --width 0".into(),
            &["'0'", "--width", "1 to 512"],
        ),
        ("toy train --out t --layers 17".into(), &["'17'", "1 to 16"]),
        (
            "toy train --out t --iterations many".into(),
            &["many", "--iterations"],
        ),
        ("toy train --out t --seed -1".into(), &["-1"]),
        (sample("--guidance magic:3"), &["magic", "auto", "truncate"]),
        (sample("--guidance auto"), &["weight"]),
        (sample("--guidance auto:NaN"), &["NaN", "weight"]),
        (sample("--guidance cfg:inf"), &["inf", "finite"]),
        (sample("--guidance none:2"), &["none", ":"]),
        (
            sample("--guidance dropout(p=0.1):2"),
            &["dropout", "images", "auto, cfg"],
        ),
        (
            sample("--guidance window(size=40,stride=24):2"),
            &["window", "allowed are auto"],
        ),
        (sample("--interval 2..1"), &["2..1", "0 <= LO < HI"]),
        (sample("--interval 1..1"), &["LO..HI"]),
        (sample("--interval -1..1"), &["LO..HI"]),
        (sample("--interval NaN..1"), &["LO..HI"]),
        (sample("--interval 3"), &["LO..HI"]),
        (sample("--sampler rk4"), &["rk4", "heun", "dpm-solver++-2m"]),
        (sample("--steps 0"), &["--steps", "1 to 10000"]),
        (sample("--sigma-max 0.001"), &["--sigma-max", "0.002"]),
        (sample("--sigma-max NaN"), &["--sigma-max"]),
        (sample("--samples 0"), &["--samples"]),
        (sample("--gate step"), &["--interval"]),
        ("bench ops --only conv9x9".into(), &["conv9x9", "attention"]),
        ("bench ops --seconds 0".into(), &["--seconds", "above 0"]),
        ("bench ops --seconds NaN".into(), &["--seconds", "above 0"]),
        (
            "toy reproduce --out r --samples 10".into(),
            &["--samples", "1000"],
        ),
    ] {
        refuse(folder.path(), &arguments, words);
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn an_instruction_set_that_the_processor_lacks_is_refused_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sse9", "", "AVX2"] {
        let arguments = "toy train --out t --iterations 3";
        let mut command = command(folder.path(), arguments);
        let output = command.env("FOIL_INSTRUCTIONS", name).output().unwrap();
        let named = format!("FOIL_INSTRUCTIONS='{name}'");
        refused(output, arguments, &[&named, "allowed", "portable"]);
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn missing_unreadable_and_foreign_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("noise"), b"this is no model").unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    refuse(
        folder.path(),
        "toy sample --model gone --out o",
        &["cannot read gone"],
    );
    refuse(
        folder.path(),
        "toy sample --model noise --out o",
        &["noise", "toy-density-model"],
    );
    refuse(
        folder.path(),
        "toy sample --model folder --out o",
        &["folder"],
    );
    refuse(folder.path(), "toy plot noise --out p.png", &["noise"]);
    succeed(
        folder.path(),
        "toy train --out a --width 4 --layers 1 --iterations 3",
    );
    succeed(
        folder.path(),
        "toy train --out ab --class AB --width 4 --layers 1 --iterations 3",
    );
    let sample = "toy sample --model a/model.safetensors --samples 100 --steps 2";
    refuse(
        folder.path(),
        &format!("{sample} --guidance auto:2 --out o"),
        &["--guide"],
    );
    let guide = "--guide ab/model.safetensors";
    refuse(
        folder.path(),
        &format!("{sample} --guidance auto:2 {guide} --out o"),
        &["class AB", "class A"],
    );
    let guide = "--guide a/model.safetensors";
    refuse(
        folder.path(),
        &format!("{sample} --guidance cfg:2 {guide} --out o"),
        &["both classes"],
    );
    refuse(
        folder.path(),
        &format!("{sample} --guidance auto:2+cfg:2 {guide} --out o"),
        &["--unconditional"],
    );
    refuse(
        folder.path(),
        &format!("{sample} {guide} --out o"),
        &["no use"],
    );
    refuse(
        folder.path(),
        &format!("{sample} --out noise/o"),
        &["noise"],
    );
    refuse(
        folder.path(),
        "toy plot a/model.safetensors --out p.png",
        &["a/model.safetensors"],
    );
    succeed(folder.path(), &format!("{sample} --out samples"));
    refuse(
        folder.path(),
        "toy plot samples --out picture.bmp",
        &["picture.bmp", ".png or .svg"],
    );
    refuse(
        folder.path(),
        "toy train --out a --width 5 --layers 1 --iterations 3",
        &["width 4", "width 5"],
    );
    refuse(folder.path(), "toy reproduce --out noise", &["noise"]);
    assert_eq!(
        names(folder.path()),
        ["a", "ab", "folder", "noise", "samples"]
    );
}
