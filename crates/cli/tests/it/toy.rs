//! The parts of the laboratory: train, sample, plot, bench.

use serde_json::Value;

use crate::{interrupt, names, succeed};

#[test]
fn train_sample_and_plot_work_together() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| succeed(folder.path(), arguments);
    run("toy train --out main --width 16 --layers 2 --iterations 40");
    run("toy train --out guide --width 8 --layers 1 --iterations 10 --class A");
    run("toy train --out both --width 8 --layers 1 --iterations 10 --class AB");
    assert_eq!(
        names(&folder.path().join("main")),
        ["model.safetensors", "snapshots"]
    );
    let sample = "toy sample --model main/model.safetensors --samples 3000 --steps 8";
    let table = run(&format!("{sample} --out none.safetensors"));
    assert!(
        table.contains("No guidance") && table.contains("15+0"),
        "{table}"
    );
    let guided = "--guide guide/model.safetensors --guidance auto:1.5";
    let table = run(&format!(
        "{sample} {guided} --interval 0.01..2 --sampler dpm-solver++-2m --out auto.safetensors"
    ));
    assert!(table.contains("0.01..2"), "{table}");
    let evaluations = run(&format!(
        "{sample} {guided} --interval 0.01..2 --gate evaluation --out gate.safetensors"
    ));
    assert_ne!(evaluations, table);
    run(&format!(
        "{sample} --guide both/model.safetensors --guidance cfg:2 --out cfg.safetensors"
    ));
    composed(sample, &run);
    run(&format!(
        "{sample} --guidance truncate:1.2 --out truncated.safetensors"
    ));
    run("toy plot none.safetensors auto.safetensors cfg.safetensors --out picture.png");
    run("toy plot truncated.safetensors --out picture.svg");
    let svg = std::fs::read_to_string(folder.path().join("picture.svg")).unwrap();
    assert!(svg.contains("Naive truncation") && svg.contains("w = 1.2"));
    assert!(
        std::fs::read(folder.path().join("picture.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

/// Several guides at once, and the classifier that is no file.
fn composed(sample: &str, run: &dyn Fn(&str) -> String) {
    let guides = "--guide guide/model.safetensors --unconditional both/model.safetensors";
    let both = format!("{sample} {guides} --interval 0.01..2 --out both.samples");
    let table = run(&format!("{both} --guidance auto:3@0.02..1+cfg:1.5"));
    assert!(
        table.contains("auto:3@0.02..1+cfg:1.5@0.01..2"),
        "the interval is that of terms without one: {table}"
    );
    let table = run(&format!("{sample} --guidance classifier:1 --out c.samples"));
    assert!(table.contains("Classifier guidance, s = 1") && table.contains("15+15"));
    let led = "toy sample --model both/model.safetensors --samples 3000 --steps 8";
    let led = run(&format!("{led} --guidance classifier:1 --out led.samples"));
    assert!(led.contains("Classifier guidance"), "{led}");
}

#[test]
fn samples_of_a_seed_are_the_same_samples() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        folder.path(),
        "toy train --out main --width 8 --layers 1 --iterations 5",
    );
    let sample = |seed: u32, out: &str| {
        let arguments =
            "toy sample --model main/model.safetensors --samples 500 --steps 4 --sampler ddpm";
        succeed(
            folder.path(),
            &format!("{arguments} --seed {seed} --out {out}"),
        );
        let bytes = std::fs::read(folder.path().join(out)).unwrap();
        bytes[bytes.len() - 500 * 8..].to_vec()
    };
    assert_eq!(sample(1, "a"), sample(1, "b"));
    assert_ne!(sample(1, "a"), sample(2, "c"));
}

#[test]
fn a_dry_run_trains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let said = succeed(
        folder.path(),
        "toy train --out main --class B --width 32 --dry-run",
    );
    assert!(
        said.contains("4225 parameters") && said.contains("\"B\""),
        "{said}"
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn bench_reports_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let report: Value = serde_json::from_str(&succeed(folder.path(), "toy bench --json")).unwrap();
    assert!(report["rows"][0]["iterations_per_second"].as_f64().unwrap() > 1.0);
    assert_eq!(report["sampling"]["samples"], 65_536);
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = tempfile::tempdir().unwrap();
    assert!(succeed(folder.path(), "--help").contains("toy"));
    assert!(succeed(folder.path(), "toy sample --help").contains("auto:3"));
    assert!(succeed(folder.path(), "--version").starts_with("foil "));
}

/// Ctrl-C saves the state, says how to go on and exits with 130; the same command then finishes the run.
#[cfg(unix)]
#[test]
fn an_interrupted_training_continues_with_the_same_command() {
    let folder = tempfile::tempdir().unwrap();
    let command = "toy train --out main --width 8 --layers 1 --iterations 3000";
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_foil"))
        .current_dir(folder.path())
        .args(command.split_whitespace())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let snapshots = folder.path().join("main/snapshots");
    while !snapshots.join("iter0256.safetensors").exists() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was interrupted"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = interrupt(child);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.contains("interrupted at iteration") && said.contains("same command"),
        "{said}"
    );
    assert!(!folder.path().join("main/model.safetensors").exists());
    succeed(folder.path(), command);
    assert!(folder.path().join("main/model.safetensors").exists());
    let mut left = names(&snapshots);
    left.retain(|name| name.starts_with('.'));
    assert!(left.is_empty(), "nothing half-written stays: {left:?}");
}
