//! `foil ema` on raw snapshots as NVIDIA names them, and on runs of Foil's.

use std::fs;

use safetensors::SafeTensors;

use crate::{checkpoints::inspect, fixture, foil, names, refusals::refuse, succeed};

/// A folder with a run of four snapshots that are alike, two lengths at two moments.
fn run_of(network: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    for moment in [
        "0033554-0.050",
        "0033554-0.100",
        "0067108-0.050",
        "0067108-0.100",
    ] {
        let to = run.join(format!("edm2-tiny-{moment}.pkl"));
        fs::copy(fixture(network), to).unwrap();
    }
    folder
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn averages_of_a_published_run_are_networks_like_any_other() {
    let folder = run_of("edm2-tiny-main.pkl");
    let said = succeed(folder.path(), "ema run --std 0.07,0.2 --out out");
    let expected = [
        "out/network-0067108-0.070.safetensors",
        "out/network-0067108-0.200.safetensors",
    ];
    assert_eq!(lines(&said), expected);
    let original = fixture("edm2-tiny-main.pkl");
    succeed(
        folder.path(),
        &format!("convert {original} original.safetensors"),
    );
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let original = read("original.safetensors");
    let original = SafeTensors::deserialize(&original).unwrap();
    for (path, length) in expected.iter().zip([0.07, 0.2]) {
        // An average of what never changed is what it was, and half precision holds it exactly.
        let found = read(path);
        let found = SafeTensors::deserialize(&found).unwrap();
        assert_eq!(found.len(), original.len());
        for (name, tensor) in original.tensors() {
            assert!(found.tensor(&name).unwrap() == tensor, "{name}");
        }
        let told = inspect(folder.path(), path);
        assert_eq!(told["ema-std"], length);
        assert_eq!(told["images-seen"], 64 << 20);
        assert_eq!(told["origin"], "post-hoc EMA of 4 snapshots of run");
    }
    let sample = format!(
        "sample --model {} --seeds 0 --steps 2 --out images",
        expected[0]
    );
    succeed(folder.path(), &sample);
    assert_eq!(names(&folder.path().join("images")), ["000000.png"]);
}

#[test]
fn the_same_command_continues_and_another_moment_is_another_file() {
    let folder = run_of("edm2-tiny-guide.pkl");
    let out = folder.path().join("out");
    let ema = "ema run --out out --precision f32 --std";
    succeed(folder.path(), &format!("{ema} 0.065"));
    let first = out.join("network-0067108-0.065.safetensors");
    let written = fs::metadata(&first).unwrap().modified().unwrap();
    let again = foil(folder.path(), &format!("{ema} 0.06,0.065,...,0.075"));
    assert!(again.status.success());
    assert_eq!(String::from_utf8(again.stdout).unwrap().lines().count(), 4);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("1 of 4 averages are there"), "{said}");
    let lengths = ["0.060", "0.065", "0.070", "0.075"];
    let at = |kimg: &str| lengths.map(|length| format!("network-{kimg}-{length}.safetensors"));
    assert_eq!(names(&out), at("0067108"));
    assert_eq!(fs::metadata(&first).unwrap().modified().unwrap(), written);
    let said = succeed(folder.path(), &format!("{ema} .07 --time 33554"));
    assert_eq!(lines(&said), ["out/network-0033554-0.070.safetensors"]);
    let told = inspect(folder.path(), lines(&said)[0]);
    assert_eq!(told["origin"], "post-hoc EMA of 2 snapshots of run");
    // All but what was never trained.
    assert_eq!(told["types"]["F16"], 4);
}

#[test]
fn runs_of_foils_keep_their_snapshots_in_a_folder_of_their_own() {
    let folder = run_of("edm2-tiny-main.pkl");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("mine/snapshots")).unwrap();
    fs::write(at("mine/state.safetensors"), "not for us").unwrap();
    for entry in names(&at("run")) {
        let to = entry.replace("edm2-tiny", "network-snapshot");
        let to = to.replace(".pkl", ".safetensors");
        succeed(
            folder.path(),
            &format!("convert run/{entry} mine/snapshots/{to}"),
        );
    }
    succeed(folder.path(), "ema mine --std 0.15 --out out");
    let told = inspect(folder.path(), "out/network-0067108-0.150.safetensors");
    assert_eq!(told["origin"], "post-hoc EMA of 4 snapshots of mine");
}

#[test]
fn what_cannot_be_rebuilt_is_said_in_one_line() {
    let folder = run_of("edm2-tiny-main.pkl");
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (arguments, words) in [
        ("ema run --out out", &["--std"][..]),
        ("ema run --out out --std 0.3", &["'0.3'", "0.001 to 0.288"]),
        (
            "ema run --out out --std 0.0705",
            &["'0.0705'", "thousandths"],
        ),
        ("ema run --out out --std 0", &["'0'", "thousandths"]),
        ("ema run --out out --std NaN", &["'NaN'", "thousandths"]),
        ("ema run --out out --std 0.1,0.100", &["different"]),
        ("ema run --out out --std 0.1,...,0.2", &["evenly spaced"]),
        (
            "ema run --out out --std 0.1,0.11,0.13,...,0.2",
            &["evenly spaced"],
        ),
        (
            "ema run --out out --std 0.1,0.13,...,0.2",
            &["evenly spaced"],
        ),
        (
            "ema run --out out --std 0.1,0.05,...,0.2",
            &["evenly spaced"],
        ),
        (
            "ema run --out out --std 0.1 --time soon",
            &["'soon'", "latest"],
        ),
        (
            "ema run --out out --std 0.1 --time 50000",
            &["50000", "the nearest are at 33554 and 67108"],
        ),
        (
            "ema run --out run --std 0.07",
            &["run", "where the snapshots are"],
        ),
        ("ema gone --out out --std 0.07", &["gone"]),
        ("ema empty --out out --std 0.07", &["empty", "no snapshots"]),
        (
            "ema run --out out --std 0.07 --precision f8",
            &["f8", "bf16"],
        ),
    ] {
        refuse(folder.path(), arguments, words);
    }
    let strange = folder.path().join("run/edm2-tiny-0100663-0.050.pkl");
    fs::copy(fixture("edm2-tiny-guide.pkl"), strange).unwrap();
    let words = ["0033554-0.050.pkl", "0100663-0.050.pkl", "configurations"];
    refuse(folder.path(), "ema run --out out --std 0.07", &words);
    assert_eq!(names(folder.path()), ["empty", "run"]);
}
