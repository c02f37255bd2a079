//! `foil sample --compare` on the tiny networks of `fixtures/`.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    command, foil, names,
    refusals::refuse,
    sample::{model, picture, pixels},
    succeed,
};

/// How much the networks' images of 16 pixels are enlarged.
const FACTOR: usize = 6;

fn networks() -> String {
    format!(
        "--model {} --guide {} --unconditional {}",
        model("main"),
        model("guide"),
        model("uncond")
    )
}

/// Where an image stands in a picture, enlarged: all places, from above, then from the left.
fn places(sheet: &(usize, Vec<u8>), image: &[u8]) -> Vec<[usize; 2]> {
    let (width, bytes) = sheet;
    let side = FACTOR * 16;
    let pixel = |place: usize| &bytes[3 * place..3 * place + 3];
    let is_here = |top: usize, left: usize| {
        (0..side).all(|row| {
            (0..side).all(|column| {
                let from = row / FACTOR * 16 + column / FACTOR;
                pixel((top + row) * width + left + column) == &image[3 * from..3 * from + 3]
            })
        })
    };
    let height = bytes.len() / 3 / width;
    let all = (0..=height - side).flat_map(|top| (0..=width - side).map(move |left| [top, left]));
    all.filter(|&[top, left]| is_here(top, left)).collect()
}

#[test]
fn a_comparison_shows_the_images_of_single_commands_in_rows_and_columns() {
    let folder = tempfile::tempdir().unwrap();
    let common = "--steps 3 --seeds 5,9,2 --precision f32";
    let (main, guide, unconditional) = (model("main"), model("guide"), model("uncond"));
    let compare = format!("sample {} --compare 2,0.5 {common}", networks());
    succeed(folder.path(), &format!("{compare} --batch 2 --out both"));
    assert_eq!(names(&folder.path().join("both")), ["compare.png"]);
    let sheet = picture(&folder.path().join("both/compare.png"));
    let mut found = Vec::new();
    for (out, rest, count) in [
        ("none", "none".to_owned(), 3),
        ("cfg-low", format!("cfg:0.5 --guide {unconditional}"), 1),
        ("cfg-high", format!("cfg:2 --guide {unconditional}"), 1),
        ("auto-low", format!("auto:0.5 --guide {guide}"), 1),
        ("auto-high", format!("auto:2 --guide {guide}"), 1),
    ] {
        let arguments = format!("sample --model {main} {common} --guidance {rest} --out {out}");
        succeed(folder.path(), &arguments);
        let [five, nine, two] = [5, 9, 2].map(|seed: u64| {
            let path = folder.path().join(out).join(format!("{seed:06}.png"));
            let places = places(&sheet, &pixels(&path));
            assert_eq!(places.len(), count, "{out}, seed {seed}");
            places
        });
        for index in 0..count {
            // Side by side, and the third one below the first.
            let [top, left] = five[index];
            assert!(nine[index][0] == top && nine[index][1] > left);
            assert!(two[index][0] > top && two[index][1] == left);
        }
        found.push(five);
    }
    let [none, cfg_low, cfg_high, auto_low, auto_high] = &found[..] else {
        panic!("five methods");
    };
    // Weights rise to the right: 0.5, then 1 for every method, then 2.
    for (row, [low, high]) in [[cfg_low, cfg_high], [auto_low, auto_high]]
        .iter()
        .enumerate()
    {
        let [top, middle] = none[row + 1];
        assert_eq!([low[0][0], high[0][0]], [top; 2]);
        assert!(low[0][1] < middle && middle < high[0][1]);
        assert_eq!(none[0][1], middle);
    }
    assert_named(&sheet, none, [cfg_low[0][1], none[0][1], cfg_high[0][1]]);
}

/// That there is text before every row and above every column.
fn assert_named(sheet: &(usize, Vec<u8>), rows: &[[usize; 2]], columns: [usize; 3]) {
    let (width, bytes) = sheet;
    let is_dark = |row: usize, column: usize| bytes[3 * (row * width + column)] < 100;
    let side = FACTOR * 16;
    for [top, _] in rows {
        let strip = || {
            (*top..top + 2 * side).flat_map(|row| (0..columns[0]).map(move |column| [row, column]))
        };
        assert!(
            strip().any(|[row, column]| is_dark(row, column)),
            "row at {top}"
        );
    }
    let first = rows[0][0];
    for left in columns {
        let strip =
            || (0..first).flat_map(|row| (left..left + 2 * side).map(move |column| [row, column]));
        assert!(
            strip().any(|[row, column]| is_dark(row, column)),
            "column at {left}"
        );
    }
}

#[test]
fn a_row_whose_network_is_not_given_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let common = format!(
        "sample --model {} --compare 2 --steps 1 --seeds 1",
        model("main")
    );
    let height = |out: &str, rest: &str| {
        succeed(folder.path(), &format!("{common} {rest} --out {out}"));
        let (width, bytes) = picture(&folder.path().join(out).join("compare.png"));
        bytes.len() / 3 / width
    };
    let auto = height("auto", &format!("--guide {}", model("guide")));
    let cfg = height("cfg", &format!("--unconditional {}", model("uncond")));
    let both = height(
        "both",
        &format!(
            "--guide {} --unconditional {}",
            model("guide"),
            model("uncond")
        ),
    );
    assert_eq!(auto, cfg);
    assert!(both > auto + FACTOR * 16, "{both}, {auto}");
}

#[test]
fn a_killed_comparison_leaves_a_whole_picture_and_continues_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = |out: &str| format!("sample {} --compare --steps 25 --out {out}", networks());
    succeed(folder.path(), &arguments("whole"));
    let path = folder.path().join("parts/compare.png");
    let mut child = command(folder.path(), &arguments("parts"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !path.exists() {
        assert!(
            begin.elapsed() < Duration::from_mins(2),
            "no picture was made"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let read = |name: &str| std::fs::read(folder.path().join(name).join("compare.png")).unwrap();
    let (whole, part) = (read("whole"), read("parts"));
    assert!(whole != part, "it was over before it could be killed");
    pixels(&path);
    let again = || {
        let output = foil(folder.path(), &arguments("parts"));
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = again();
    assert!(
        said.contains(" of 7 cells are there") && said.contains("loading"),
        "{said}"
    );
    assert!(read("parts") == whole);
    let said = again();
    assert!(
        said.contains("7 of 7 cells are there") && !said.contains("loading"),
        "{said}"
    );
    assert!(read("parts") == whole);
    never_mixed(folder.path(), &arguments("parts"));
    assert!(read("parts") == whole);
    let other = arguments("parts").replace("--steps 25", "--steps 1 --overwrite");
    succeed(folder.path(), &other);
    assert!(read("parts") != whole);
}

/// A picture of other settings, or another file in its place, is not written over.
fn never_mixed(folder: &Path, arguments: &str) {
    for (other, words) in [
        ("--compare 2 --steps 25", ["parts/compare.png", "weights"]),
        (
            "--compare --steps 24",
            ["steps 25 instead of 24", "--overwrite"],
        ),
        ("--compare --steps 25 --seeds 0-4", ["seeds", "--overwrite"]),
    ] {
        refuse(
            folder,
            &arguments.replace("--compare --steps 25", other),
            &words,
        );
    }
    std::fs::create_dir(folder.join("foreign")).unwrap();
    std::fs::write(folder.join("foreign/compare.png"), "mine").unwrap();
    refuse(
        folder,
        &arguments.replace("--out parts", "--out foreign"),
        &[
            "foreign/compare.png",
            "foil sample --compare",
            "--overwrite",
        ],
    );
    assert_eq!(
        std::fs::read(folder.join("foreign/compare.png")).unwrap(),
        b"mine"
    );
}

#[test]
fn wrong_comparisons_are_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (main, guide) = (model("main"), model("guide"));
    let sample = |rest: &str| format!("sample --out images --model {main} {rest}");
    for (arguments, words) in [
        (sample("--compare"), &["--guide", "--unconditional"][..]),
        (
            sample(&format!("--compare 1,x --guide {guide}")),
            &["'x' is no weight", "1,1.5,2,3"],
        ),
        (
            sample(&format!("--compare inf --guide {guide}")),
            &["inf", "finite"],
        ),
        (
            sample(&format!("--compare --unconditional {guide}")),
            &["--unconditional", "10 classes"],
        ),
        (
            sample(&format!("--unconditional {guide}")),
            &["--unconditional", "no use", "none"],
        ),
        (
            sample(&format!("--compare --guide {guide} --guidance auto:2")),
            &["--guidance", "--compare"],
        ),
        (
            sample(&format!("--compare --guide {guide} --grid")),
            &["--grid", "--compare"],
        ),
        (
            sample(&format!("--compare --guide {guide} --seeds 0-999999")),
            &["too large", "fewer seeds"],
        ),
        (
            sample(&format!("--compare --guide {guide} --rho 0")),
            &["rho"],
        ),
        (
            "sample --out images --from x.png --compare".to_owned(),
            &["--from", "--compare"],
        ),
    ] {
        refuse(folder.path(), &arguments, words);
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_preset_brings_the_network_of_its_method() {
    let folder = tempfile::tempdir().unwrap();
    for (preset, other, line) in [
        (
            "edm2-img512-s-autog-fid",
            "--unconditional x",
            "guide = \"edm2-img512-xs-0134217-0.125\"",
        ),
        (
            "edm2-img512-xs-guid-fid",
            "--guide x",
            "unconditional = \"edm2-img512-xs-uncond-2147483-0.045\"",
        ),
    ] {
        for rest in ["", other] {
            let arguments = format!("sample --model {preset} --compare {rest} --out o --dry-run");
            let printed = succeed(folder.path(), &arguments);
            let has = |line: &str| printed.lines().any(|printed| printed == line);
            assert!(
                has(line) && has("weights = [1.0, 1.5, 2.0, 3.0]"),
                "{printed}"
            );
            assert!(
                has("seeds = [0, 1, 2, 3]") && has("guidance = \"none\""),
                "{printed}"
            );
            assert_eq!(printed.contains("\"x\""), !rest.is_empty(), "{printed}");
        }
    }
    assert!(names(folder.path()).is_empty());
}
