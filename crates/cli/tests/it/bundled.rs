//! What works without anything but the program: its own networks.

use crate::{
    names,
    refusals::refuse,
    sample::{picture, pixels},
    succeed,
};

#[test]
fn without_a_model_clothes_are_made_with_autoguidance() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), "sample --out images --seeds 3-5 --steps 4");
    let out = folder.path().join("images");
    assert_eq!(
        names(&out),
        ["000003.png", "000004.png", "000005.png", "grid.png"]
    );
    let said = succeed(folder.path(), "sample --out images --steps 4 --dry-run");
    for line in [
        r#"model = "fashion-main""#,
        r#"guide = "fashion-guide""#,
        r#"guidance = "auto:2""#,
    ] {
        assert!(said.contains(line), "{said}");
    }
    // What is said is what was done: the same by name, and another without guidance.
    succeed(
        folder.path(),
        "sample --model fashion-main --guide fashion-guide --guidance auto:2 --seeds 4 --steps 4 --out named",
    );
    succeed(
        folder.path(),
        "sample --guidance none --seeds 4 --steps 4 --out unguided",
    );
    let image = |folder_name: &str| pixels(&folder.path().join(folder_name).join("000004.png"));
    assert_eq!(image("images"), image("named"));
    assert_ne!(image("images"), image("unguided"));
    succeed(folder.path(), "sample --from images/000004.png --out again");
    assert_eq!(image("images"), image("again"));
    assert_eq!(names(&folder.path().join("again")), ["000004.png"]);
}

#[test]
fn a_method_has_its_own_guide_and_classes_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |arguments: &str| {
        succeed(
            folder.path(),
            &format!("sample --out images --dry-run {arguments}"),
        )
    };
    let free = settings("--model fashion --guidance cfg:1.5 --class sneaker");
    assert!(
        free.contains(r#"unconditional = "fashion-unconditional""#),
        "{free}"
    );
    assert!(free.contains("class = 7"), "{free}");
    assert!(settings("--class ankle_boot").contains("class = 9"));
    assert!(!settings("--guidance none").contains("guide ="));
    refuse(
        folder.path(),
        "sample --out images --class unicorn",
        &["unicorn", "Fashion-MNIST", "sneaker"],
    );
    refuse(
        folder.path(),
        "sample --out images --model fashion-noisy-classifier",
        &["fashion-noisy-classifier", "no EDM2 network"],
    );
}

#[test]
fn a_folder_of_the_same_name_is_not_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("fashion-main")).unwrap();
    succeed(
        folder.path(),
        "sample --model fashion-main --steps 2 --seeds 0 --out images",
    );
    let said = succeed(folder.path(), "inspect fashion-guide");
    assert!(said.contains("parameters = 212352"), "{said}");
    succeed(folder.path(), "convert fashion-guide mine.safetensors");
    succeed(
        folder.path(),
        "sample --model fashion --guide mine.safetensors --steps 2 --seeds 0 --out mine",
    );
    succeed(
        folder.path(),
        "sample --model fashion --steps 2 --seeds 0 --out bundled",
    );
    let image = |name: &str| pixels(&folder.path().join(name).join("000000.png"));
    assert_eq!(image("mine"), image("bundled"));
}

/// Images are grey: every pixel of the picture where one is shown has three equal values, and each is drawn several times.
#[test]
fn a_comparison_of_grey_images_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        folder.path(),
        "sample --compare 1,2 --seeds 7 --steps 4 --out images",
    );
    let (width, sheet) = picture(&folder.path().join("images/compare.png"));
    succeed(
        folder.path(),
        "sample --guidance none --seeds 7 --steps 4 --out single",
    );
    let image = pixels(&folder.path().join("single/000007.png"));
    assert_eq!(image.len(), 32 * 32);
    assert_eq!(count(&sheet, width, &image), 3, "three methods at w = 1");
}

/// How often an image is on a sheet, three times as large.
fn count(sheet: &[u8], width: usize, image: &[u8]) -> usize {
    const FACTOR: usize = 3;
    let height = sheet.len() / 3 / width;
    let side = FACTOR * 32;
    let shown = |top: usize, left: usize| {
        (0..side * side).all(|place| {
            let (y, x) = (place / side, place % side);
            let at = 3 * ((top + y) * width + left + x);
            sheet[at..at + 3] == [image[y / FACTOR * 32 + x / FACTOR]; 3]
        })
    };
    let tops = 0..=height - side;
    tops.map(|top| (0..=width - side).filter(|&left| shown(top, left)).count())
        .sum()
}

#[test]
fn the_listing_names_them_first() {
    let folder = tempfile::tempdir().unwrap();
    let said = succeed(folder.path(), "models");
    assert!(said.starts_with("fashion  Fashion-MNIST"), "{said}");
    let listing: serde_json::Value =
        serde_json::from_str(&succeed(folder.path(), "models --json")).unwrap();
    assert_eq!(listing["bundled"][0]["networks"][1], "fashion-guide");
}

/// The classifier gives 99.4 % of MNIST's test images their digit.
#[test]
fn guided_digits_are_told_by_the_classifier() {
    let folder = tempfile::tempdir().unwrap();
    succeed(
        folder.path(),
        "sample --model digits --seeds 0-99 --steps 12 --out images",
    );
    let said = succeed(
        folder.path(),
        "evaluate accuracy --features digits-clean-classifier --images images --json",
    );
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["images"], 100);
    assert_eq!(said["classes"][3]["name"], "three");
    let classes = said["classes"].as_array().unwrap();
    assert!(
        classes
            .iter()
            .all(|class| class["images"].as_u64() > Some(0))
    );
    assert!(said["right"].as_u64() >= Some(90), "{said}");
}

/// The statistics were made by the classifier that is bundled now, not by one before it.
#[test]
fn statistics_are_of_the_networks_that_come_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let inspected = |name: &str| -> serde_json::Value {
        let said = succeed(folder.path(), &format!("inspect {name} --json"));
        serde_json::from_str(&said).unwrap()
    };
    for bundle in ["fashion", "digits"] {
        let images = format!("{bundle}-images");
        succeed(
            folder.path(),
            &format!(
                "sample --model {bundle} --guidance none --seeds 0-2 --steps 1 --out {images}/class"
            ),
        );
        let file = format!("{bundle}.safetensors");
        succeed(
            folder.path(),
            &format!(
                "evaluate reference {images} --features {bundle}-clean-classifier --out {file}"
            ),
        );
        let now = inspected(&file);
        assert_eq!(now["images"], 3);
        for part in ["train", "test"] {
            let before = inspected(&format!("{bundle}-{part}-statistics"));
            for key in ["network", "network-fingerprint", "precision", "features"] {
                assert_eq!(before[key], now[key], "{bundle} {part}: {key}");
            }
        }
    }
}
