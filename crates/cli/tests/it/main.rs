//! The real program, end to end, each test in a fresh folder.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod arrays;
mod bench;
mod bundled;
mod checkpoints;
mod compare;
mod data;
mod degrade;
mod diagnose;
mod ema;
mod evaluate;
mod files;
mod methods;
mod ordering;
mod output;
mod refusals;
mod reproduce;
mod sample;
mod score;
mod statistics;
mod toy;
mod train;
mod tune;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    time::Duration,
};

/// A file among the reference values, whose origin stands beside them.
fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name);
    path.display().to_string()
}

/// `foil`, about to run in a folder.
fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foil"));
    command
        .current_dir(folder)
        .args(arguments.split_whitespace());
    command
}

/// Runs `foil` in a folder.
fn foil(folder: &Path, arguments: &str) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Runs it and expects success; what it printed.
fn succeed(folder: &Path, arguments: &str) -> String {
    let output = foil(folder, arguments);
    assert!(
        output.status.success(),
        "foil {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Names of what is in a folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What Ctrl-C does, and what comes of it.
fn interrupt(child: Child) -> Output {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    child.wait_with_output().unwrap()
}

/// Interrupts what has run for so many seconds and is not done; it must stop, and say no more than that.
fn interrupted(mut child: Child, seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
    let ended = child.try_wait().unwrap();
    assert!(
        ended.is_none(),
        "it was done before it could be interrupted"
    );
    let output = interrupt(child);
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "error: interrupted\n");
}
