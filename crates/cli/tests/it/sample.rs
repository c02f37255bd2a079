//! `foil sample` on the tiny networks of `fixtures/`.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use safetensors::SafeTensors;

use crate::{command, fixture, foil, names, refusals::refuse, succeed};

/// A tiny network.
pub fn model(name: &str) -> String {
    fixture(&format!("edm2-tiny-{name}.pkl"))
}

fn is_image(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "png")
}

/// As the reference program's samples were made.
fn as_reference() -> String {
    format!(
        "sample --model {} --guide {} --guidance auto:2.1 --steps 8 --rng torch-cpu --precision f32",
        model("main"),
        model("guide")
    )
}

/// Names and bytes of the files in a folder and those below.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            let below = bytes(&path).into_iter();
            found.extend(below.map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, std::fs::read(path).unwrap());
        }
    }
    found
}

/// The pixels of an image.
pub fn pixels(path: &Path) -> Vec<u8> {
    picture(path).1
}

/// Its width and its pixels.
pub fn picture(path: &Path) -> (usize, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width as usize, pixels)
}

fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let (numbers, _) = file.tensor(name).unwrap().data().as_chunks();
    numbers
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

#[test]
fn seeds_of_torch_give_the_images_of_the_reference_program() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = format!(
        "{} --seeds 0-2,16 --out images --grid --raw raw.safetensors",
        as_reference()
    );
    succeed(folder.path(), &arguments);
    let out = folder.path().join("images");
    assert_eq!(
        names(&out),
        [
            "000000.png",
            "000001.png",
            "000002.png",
            "000016.png",
            "grid.png"
        ]
    );
    let expected = std::fs::read(fixture("edm2-tiny.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&expected).unwrap();
    let raw = std::fs::read(folder.path().join("raw.safetensors")).unwrap();
    let raw = SafeTensors::deserialize(&raw).unwrap();
    assert_eq!(raw.tensor("samples").unwrap().shape(), [4, 3, 16, 16]);
    let wanted = numbers(&expected, "sample.autoguidance_w2.1");
    let largest = wanted
        .iter()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    for (found, wanted) in numbers(&raw, "samples").iter().zip(&wanted) {
        assert!(
            (found - wanted).abs() < 1e-3 * largest,
            "{found} instead of {wanted}"
        );
    }
    assert_eq!(numbers(&raw, "labels"), numbers(&expected, "sample.labels"));
    // Channels come first there and last here.
    let wanted = expected
        .tensor("sample.autoguidance_w2.1.uint8")
        .unwrap()
        .data();
    let area = 16 * 16;
    for (image, seed) in [0, 1, 2, 16].into_iter().enumerate() {
        let found = pixels(&out.join(format!("{seed:06}.png")));
        for (position, value) in found.into_iter().enumerate() {
            let (pixel, channel) = (position / 3, position % 3);
            assert_eq!(
                value,
                wanted[(3 * image + channel) * area + pixel],
                "seed {seed}"
            );
        }
    }
    let grid = pixels(&out.join("grid.png"));
    // Every pixel is six wide; the second image begins where the first line of the first one ends.
    assert_eq!(grid.len(), 4 * 3 * area * 36);
    let line: Vec<u8> = grid[3 * 16 * 6..3 * 32 * 6]
        .chunks_exact(6 * 3)
        .flat_map(|pixel| pixel[..3].to_vec())
        .collect();
    assert_eq!(line, pixels(&out.join("000001.png"))[..3 * 16]);
}

#[test]
fn an_image_can_be_repeated_from_itself_alone_and_in_any_batch() {
    let folder = tempfile::tempdir().unwrap();
    let churn = "--churn 10 --churn-min 0.05 --churn-max 50 --churn-noise 1.003 --interval 0.1..20";
    let arguments = format!("{} {churn} --seeds 5-9 --class 3", as_reference());
    succeed(
        folder.path(),
        &format!("{arguments} --out together --subfolders --batch 3"),
    );
    succeed(
        folder.path(),
        &format!("{arguments} --out alone --subfolders --batch 1"),
    );
    succeed(
        folder.path(),
        "sample --from together/000000/000007.png --out again",
    );
    let together = bytes(&folder.path().join("together"));
    assert_eq!(together.len(), 5);
    assert!(together == bytes(&folder.path().join("alone")));
    assert!(together["000000/000007.png"] == bytes(&folder.path().join("again"))["000007.png"]);
    // What is kept does matter.
    succeed(
        folder.path(),
        &format!("{} --seeds 7 --class 3 --out plain", as_reference()),
    );
    let plain = pixels(&folder.path().join("plain/000007.png"));
    assert!(plain != pixels(&folder.path().join("again/000007.png")));
}

#[test]
fn images_that_are_there_are_not_made_again_and_never_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = format!("{} --out images", as_reference());
    let other = arguments.replace("--steps 8", "--steps 9");
    succeed(folder.path(), &format!("{arguments} --seeds 1-3"));
    let before = bytes(&folder.path().join("images"));
    let output = foil(
        folder.path(),
        &format!("{arguments} --seeds 0-3 --raw raw.safetensors"),
    );
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    // Their raw results were not kept, so that all four are made; then none.
    assert!(said.contains("4 images"), "{said}");
    let output = foil(
        folder.path(),
        &format!("{arguments} --seeds 0-3 --raw raw.safetensors"),
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("4 of 4 images are there") && !said.contains("loading"),
        "{said}"
    );
    let after = bytes(&folder.path().join("images"));
    assert!(before.iter().all(|(name, bytes)| after[name] == *bytes));
    refuse(
        folder.path(),
        &format!("{other} --seeds 1"),
        &["000001.png", "steps 8 instead of 9", "--overwrite"],
    );
    assert!(after == bytes(&folder.path().join("images")));
    succeed(folder.path(), &format!("{other} --seeds 1 --overwrite"));
    assert!(after["000001.png"] != bytes(&folder.path().join("images"))["000001.png"]);
}

#[test]
fn a_killed_run_leaves_whole_images_and_continues_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = |out: &str| {
        let (main, guide) = (model("main"), model("guide"));
        format!(
            "sample --model {main} --guide {guide} --guidance auto:2 --precision f32 --steps 30 --batch 2 --seeds 0-9 --out {out} --raw {out}.safetensors"
        )
    };
    succeed(folder.path(), &arguments("whole"));
    let mut child = command(folder.path(), &arguments("parts"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = folder.path().join("parts");
    let images = || {
        if out.is_dir() {
            names(&out)
        } else {
            Vec::new()
        }
    };
    let begin = Instant::now();
    while images().iter().filter(|name| is_image(name)).count() < 3 {
        assert!(
            begin.elapsed() < Duration::from_mins(2),
            "no image was made"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = bytes(&out);
    let whole = bytes(&folder.path().join("whole"));
    let made: Vec<_> = left.iter().filter(|(name, _)| is_image(name)).collect();
    assert!(
        made.len() < 10,
        "the run was over before it could be killed"
    );
    assert!(
        made.into_iter().all(|(name, bytes)| whole[name] == *bytes),
        "an image is not whole"
    );
    assert!(!folder.path().join("parts.safetensors").exists());
    succeed(folder.path(), &arguments("parts"));
    let finished = bytes(&out).into_iter().filter(|(name, _)| is_image(name));
    assert!(whole == finished.collect::<BTreeMap<_, _>>());
    let raw = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(raw("parts.safetensors") == raw("whole.safetensors"));
}

#[test]
fn wrong_requests_are_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pkl"), "").unwrap();
    std::fs::write(folder.path().join("note.png"), "not a picture").unwrap();
    let (main, guide, unconditional) = (model("main"), model("guide"), model("uncond"));
    let sample = |rest: &str| format!("sample --out images --model {rest}");
    let before = names(folder.path());
    for (arguments, words) in [
        (sample("missing.pkl"), &["missing.pkl"][..]),
        (
            sample("fashion --class unicorn"),
            &["unicorn", "Fashion-MNIST", "bag"],
        ),
        (sample("."), &["folder"]),
        (sample("empty.pkl"), &["empty.pkl", "empty"]),
        (
            sample(&fixture("edm2-tiny.safetensors")),
            &["no EDM2 network", "foil inspect"],
        ),
        (
            sample("edm2-img512-s-autog-fid --offline"),
            &["edm2-img512-s-2147483-0.070", "offline"],
        ),
        (
            sample(&format!("{main} --guidance auto:2")),
            &["auto:2", "--guide"],
        ),
        (
            sample(&format!("{main} --guide {guide}")),
            &["--guide", "none"],
        ),
        (
            sample(&format!("{main} --class 10")),
            &["class 10 does not exist", "0 to 9"],
        ),
        (
            sample(&format!("{main} --class unicorn")),
            &["unicorn", "ImageNet"],
        ),
        (
            sample(&format!("{unconditional} --class 1")),
            &["unconditional"],
        ),
        (
            sample(&format!(
                "{unconditional} --guide {guide} --guidance auto:2"
            )),
            &["10 classes", "0"],
        ),
        (sample(&format!("{main} --seeds 3-1")), &["3-1", "0-63"]),
        (sample(&format!("{main} --seeds 1,1")), &["twice"]),
        (
            sample(&format!("{main} --device cuda:0")),
            &["cuda:0", "without CUDA", "cpu"],
        ),
        (sample(&format!("{main} --sigma-min 90")), &["90", "80"]),
        (sample(&format!("{main} --rho 0")), &["rho"]),
        (sample(&format!("{main} --churn -1")), &["churn"]),
        (
            sample(&format!("{main} --churn 1 --sampler euler")),
            &["heun", "euler"],
        ),
        (
            sample(&format!("{main} --autoencoder x")),
            &["--autoencoder x", "pixels"],
        ),
        (
            "sample --out images --from note.png".to_owned(),
            &["note.png", "foil sample"],
        ),
        (
            "sample --out images --from note.png --steps 3".to_owned(),
            &["--from", "--steps"],
        ),
    ] {
        refuse(folder.path(), &arguments, words);
    }
    assert_eq!(names(folder.path()), before);
}

#[test]
fn a_dry_run_prints_the_settings_of_a_preset() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        "sample --model edm2-img512-s-autog-fid --interval 0.2..3 --out images --dry-run";
    let printed = succeed(folder.path(), arguments);
    for line in [
        "model = \"edm2-img512-s-2147483-0.070\"",
        "guide = \"edm2-img512-xs-0134217-0.125\"",
        "guidance = \"auto:2.1@0.2..3\"",
        "sigma-max = 80.0",
    ] {
        assert!(
            printed.lines().any(|printed| printed == line),
            "{line} in {printed}"
        );
    }
    let unguided = succeed(folder.path(), &format!("{arguments} --guidance none"));
    assert!(unguided.contains("guidance = \"none\"") && !unguided.contains("guide ="));
    assert!(names(folder.path()).is_empty());
}
