//! `foil models` and `foil fetch`: names, caches and a server of the test's own.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{names, refusals::refused};

/// `foil` whose caches are in a folder, whatever this machine's environment is.
fn alone(folder: &Path, arguments: &str) -> Command {
    let mut command = crate::command(folder, arguments);
    for name in [
        "HF_HOME",
        "HF_HUB_CACHE",
        "HF_TOKEN",
        "HF_TOKEN_PATH",
        "HF_ENDPOINT",
        "HF_HUB_OFFLINE",
        "FOIL_OFFLINE",
        "FOIL_CACHE",
        "XDG_CACHE_HOME",
    ] {
        command.env_remove(name);
    }
    command.env("HOME", folder);
    command
}

fn run(folder: &Path, arguments: &str) -> Output {
    alone(folder, arguments).output().unwrap()
}

fn lines(output: Output) -> Vec<String> {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Where a published network belongs.
fn place(folder: &Path, network: &str) -> PathBuf {
    let published = ".cache/foil/nvlabs-fi-cdn.nvidia.com/edm2/posthoc-reconstructions";
    folder.join(published).join(format!("{network}.pkl"))
}

/// Puts a network there by hand.
fn put(folder: &Path, network: &str) -> PathBuf {
    let path = place(folder, network);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"weights").unwrap();
    path
}

const MAIN: &str = "edm2-img512-s-2147483-0.070";
const GUIDE: &str = "edm2-img512-xs-0134217-0.125";

#[test]
fn models_lists_every_preset_with_its_score_and_what_is_here() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), GUIDE);
    let table = lines(run(folder.path(), "models"));
    let row = |name: &str| {
        let found = table
            .iter()
            .find(|line| line.split(' ').next() == Some(name));
        let words = found.unwrap().split_whitespace().map(str::to_owned);
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("preset"), "preset main guide guidance FID FD MB cached");
    assert_eq!(
        row("edm2-img512-s-autog-fid"),
        "edm2-img512-s-autog-fid s-2147483-0.070 xs-0134217-0.125 auto 2.10 1.34 810 half"
    );
    assert_eq!(
        row("edm2-img512-xxl-dino"),
        "edm2-img512-xxl-dino xxl-0939524-0.150 none 42.84 3046 no"
    );
    assert_eq!(
        table
            .iter()
            .filter(|line| line.starts_with("edm2-"))
            .count(),
        36 + 1
    );
    assert!(table.iter().any(|line| line.contains("CC BY-NC-SA 4.0")));
    let printed = lines(run(folder.path(), "models --json")).join("\n");
    let listing: Value = serde_json::from_str(&printed).unwrap();
    let presets = listing["presets"].as_array().unwrap();
    assert_eq!(presets.len(), 36);
    let preset = presets
        .iter()
        .find(|preset| preset["name"] == "edm2-img512-s-autog-fid");
    let preset = preset.unwrap();
    assert_eq!(preset["main"]["name"], MAIN);
    assert_eq!(preset["main"]["cached"], false);
    assert_eq!(preset["guidance"]["method"], "auto");
    assert_eq!(preset["guidance"]["weight"], 2.1);
    assert_eq!(preset["guidance"]["guide"]["name"], GUIDE);
    assert_eq!(preset["guidance"]["guide"]["cached"], true);
    assert_eq!(preset["guidance"]["guide"]["bytes"], 249_426_506);
    assert_eq!(
        (&preset["metric"], &preset["published"]),
        (&"fid".into(), &1.34.into())
    );
}

#[test]
fn fetch_prints_where_the_files_of_a_preset_are() {
    let folder = tempfile::tempdir().unwrap();
    let expected = [put(folder.path(), MAIN), put(folder.path(), GUIDE)];
    let expected: Vec<_> = expected.iter().map(|path| path.to_str().unwrap()).collect();
    let printed = lines(run(
        folder.path(),
        "fetch edm2-img512-s-autog-fid --offline",
    ));
    assert_eq!(printed, expected);
    let printed = lines(run(folder.path(), &format!("fetch {GUIDE} {MAIN}")));
    assert_eq!(printed, [expected[1], expected[0]]);
    fs::write(folder.path().join("own.pkl"), b"weights").unwrap();
    assert_eq!(lines(run(folder.path(), "fetch own.pkl")), ["own.pkl"]);
}

#[test]
fn fetch_brings_a_file_and_leaves_a_line_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/some/w.pkl", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nweights")
            .unwrap();
    });
    let output = run(folder.path(), &format!("fetch {address}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let printed = lines(output);
    server.join().unwrap();
    assert_eq!(fs::read(&printed[0]).unwrap(), b"weights");
    assert!(Path::new(&printed[0]).starts_with(folder.path().join(".cache/foil")));
    assert!(said.contains("w.pkl") && said.contains("0.0 MB"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

#[test]
fn what_cannot_be_fetched_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path(), MAIN);
    for (arguments, words) in [
        (
            "fetch edm2-img512-s-autog-fid --offline",
            &[
                "posthoc-reconstructions/edm2-img512-s-2147483-0.070.pkl",
                "offline",
                place.to_str().unwrap(),
            ][..],
        ),
        (
            "fetch edm2-img512-s-autg-fid",
            &[
                "unknown preset",
                "did you mean edm2-img512-s-autog-fid",
                "foil models",
            ],
        ),
        ("fetch edm2-img512-s", &["architecture", "foil models"]),
        ("fetch gone.pkl", &["cannot read gone.pkl", "no such file"]),
        ("fetch folder/gone.pkl", &["folder/gone.pkl"]),
        ("fetch http://example.com/w.pkl", &["only https"]),
        ("fetch hf://owner/name", &["hf://owner/name/path/to/file"]),
        // Nothing listens there.
        (
            "fetch http://127.0.0.1:1/w.pkl",
            &["cannot reach http://127.0.0.1:1/w.pkl", "by hand"],
        ),
        ("fetch", &["NAME|URL"]),
    ] {
        refused(run(folder.path(), arguments), arguments, words);
    }
    for switch in ["FOIL_OFFLINE", "HF_HUB_OFFLINE"] {
        let arguments = "fetch hf://owner/name/w.bin";
        let output = alone(folder.path(), arguments)
            .env(switch, "1")
            .output()
            .unwrap();
        refused(
            output,
            arguments,
            &["offline", "owner/name/resolve/main/w.bin"],
        );
    }
    let arguments = "models";
    let mut endpoint = alone(folder.path(), arguments);
    let output = endpoint.env("HF_ENDPOINT", "nowhere").output().unwrap();
    refused(output, arguments, &["HF_ENDPOINT='nowhere'"]);
    // The attempt to connect made its folders and its lock, and nothing else.
    assert_eq!(names(folder.path()), [".cache"]);
}
